// `aws-amplify` v6, configured as an app of the first generation is (gen1) or of the second (gen2).
import { generateClient } from "aws-amplify/data";
import { Hub } from "aws-amplify/utils";
import { configureWithToken } from "./development_sign_in.js";
import { endpoint, runCode, variant } from "./frontend.mjs";
import amplifyOutputs from "./inventory/amplify_outputs.json" with { type: "json" };
import awsExports from "./inventory/aws-exports.js";

const configurations = {
  gen1: { ...awsExports, aws_appsync_graphqlEndpoint: endpoint },
  gen2: { ...amplifyOutputs, data: { ...amplifyOutputs.data, url: endpoint } },
};
let token;
configureWithToken(configurations[variant], () => token);
await runCode({ Hub, client: generateClient() }, (given) => {
  token = given;
});
