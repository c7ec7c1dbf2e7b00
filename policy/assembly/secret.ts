import { Bytes, EMPTY, environmentVariable, JsonObject } from "proxy-wasm-assemblyscript-sdk";

/** Reads `{ "env": "NAME" }`: a secret of the VM's environment, where no config dump shows it. What is wrong is noted in the document. */
export function readSecret(json: JsonObject): Bytes {
  const name = json.string("env");
  const value = environmentVariable(name);
  if (!json.has("env")) json.problem("", "env is missing");
  else if (name.length == 0) json.problem("env", "must not be empty");
  else if (value === null || value.length == 0) {
    json.problem("env", "names nothing in the VM's environment: set " + name + " in vm_config.environment_variables");
  }
  return value === null ? EMPTY : value;
}
