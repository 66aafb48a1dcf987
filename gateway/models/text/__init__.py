"""Text models of providers other than Bedrock, one factory each."""
