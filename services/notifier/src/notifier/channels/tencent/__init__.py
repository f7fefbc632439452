"""SMS by Tencent Cloud, which knows texts by template ids."""
