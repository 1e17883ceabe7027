"""Files and folders that others may have put links in, and that outlive a crash."""
