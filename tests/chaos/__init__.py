"""`make chaos`: kill -9 in turn of web, worker, relay, Redis and PostgreSQL under six retrying clients."""
