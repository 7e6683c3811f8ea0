"""Papers as mappings: objects of JSON, and front matter, whatever their keys are called."""
