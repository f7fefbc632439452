"""What silent meters have probably used, estimated once a day."""
