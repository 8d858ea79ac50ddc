"""Files of any kind by key, on the local disk or in a store that speaks S3, behind one small port (`port.Blobs`)."""
