"""The config volume: projected from `main`, watched for edits."""
