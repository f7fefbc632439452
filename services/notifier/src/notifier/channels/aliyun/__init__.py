"""SMS by Alibaba Cloud (Aliyun), which knows texts by template codes."""
