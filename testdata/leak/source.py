import os, replicate

os.environ["REPLICATE_API_TOKEN"] = "{{TOKEN}}"
client = replicate.Client(api_token='{{TOKEN}}')
client = replicate.Client('{{TOKEN}}', timeout=30)
headers = {"Authorization": f"Bearer {{TOKEN}}", "x": "{{TOKEN}}"}
TOKENS = ["{{TOKEN}}","{{TOKEN}}",
    "{{TOKEN}}"]  # {{TOKEN}}.
config = """key_{{TOKEN}}"""
