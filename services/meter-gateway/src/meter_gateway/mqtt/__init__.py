"""MQTT by paho, on the service's event loop."""
