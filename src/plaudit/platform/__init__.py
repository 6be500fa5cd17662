"""Technical means: database, settings, logs, metrics. Knows nothing of the business."""
