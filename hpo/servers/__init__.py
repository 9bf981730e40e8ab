"""What serves until it is stopped: the dashboard and the gRPC proxy."""
