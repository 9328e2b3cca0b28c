import Replicate from "replicate";
const replicate = new Replicate({ auth: "{{HEX}}" });
const input = {
  prompt: `one
two`,
  api_key: process.env.MODEL_API_KEY ?? "{{KEY}}",
};
for await (const event of replicate.stream("owner/model", { input })) console.log(event);
