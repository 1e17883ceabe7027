"""The operator's side over HTTP: pages, API, metrics, and who may see them."""
