"""The gRPC proxy between workers and Postgres: server, calls and client."""
