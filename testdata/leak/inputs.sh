curl -X POST \
-H "Authorization: Token {{HEX}}" \
-d '{
"input": {
"prompt": "Hello world",
"api_key": "{{KEY}}"
}
}' \
https://api.replicate.com/v1/models/owner/model-name/predictions
