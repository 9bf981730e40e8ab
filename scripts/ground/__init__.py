"""What the scripts beside this folder stand on: storages, networks and worker processes of their own."""
