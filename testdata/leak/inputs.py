import replicate

output = replicate.run(
    "owner/model",
    input={
        "prompt": "it's \"quoted\" {and} [bracketed]",  # don't
        "api_key": "{{KEY}}",
        'hf_token': '{{KEY}}',
        "seed": 42,
    },
)
replicate.predictions.create(version="v", input=dict(api_key="{{KEY}}"))
