import { hex } from "../script.ts";
import type { Topic } from "../types.ts";

/** Protobuf: field number to bytes or number. */
function message(fields: Record<number, Uint8Array | string | number>): Buffer {
  const varint = (value: number): number[] => (value < 128 ? [value] : [(value & 127) | 128, ...varint(value >>> 7)]);
  return Buffer.concat(
    Object.entries(fields).map(([number, value]) => {
      if (typeof value === "number") return Buffer.from([...varint(Number(number) << 3), ...varint(value)]);
      const data = Buffer.from(value as string);
      return Buffer.concat([Buffer.from([...varint((Number(number) << 3) | 2), ...varint(data.length)]), data]);
    }),
  );
}

const call = (name: string, argument: string, flags = "") => `call_foreign_function "${name}" ${argument} ${flags}`;
// A P-256 key made for these probes and used nowhere else, and its signature of "text".
const der = Buffer.from(
  "MFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAETcIREUmO/tvRm9USY+fhfUcP7A26/tHC5FDtyo4uLE6ViXxuAftP/uYBpolPWab0pN43ltdSzPOtgT3j2/66Ow==",
  "base64",
);
const privateDer = Buffer.from(
  "MIGHAgEAMBMGByqGSM49AgEGCCqGSM49AwEHBG0wawIBAQQgG6bsNWoCk6I6nZczRB4v8A/j7o4LqJJUOjXac2Qx9WChRANCAARNwhERSY7+29Gb1RJj5+F9Rw/sDbr+0cLkUO3Kji4sTpWJfG4B+0/+5gGmiU9ZpvSk3jeW11LM862BPePb/ro7",
  "base64",
);
const signature = Buffer.from("MEUCIQD+GqIsEoz/Ua08qLuKv5mqrKevvud+QwxsBeBwF3Au+gIgCiSsjMDEj0cYFUC3V/qRK5Y+7WWK6c+M1ujE2m/oEGc=", "base64");
const verify = (over: Record<number, Uint8Array | string>) =>
  call("verify_signature", hex(message({ 1: "sha256", 2: der, 3: signature, 4: "text", ...over })));

const rh = (name: string, steps: string, over = {}) => ({ name, script: { rh: steps }, ...over });
const expression = (text: string, then = "") => `call_foreign_function "expr_create" "${text}" ${then}`;

export const foreign: Topic = {
  topic: "foreign",
  probes: [
    rh("an unknown name is 1", `${call("none", '""')}\n${call("", '""')}`),
    rh(
      "compress and uncompress",
      `${call("compress", '"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"')}\n${call("uncompress", '"\\x78\\x9c\\x4b\\x4c\\x84\\x01\\x00\\x14\\xe1\\x03\\xcb"')}\n${call("uncompress", '"no zlib"')}\n${call("uncompress", '""')}\n${call("compress", '""')}`,
    ),
    rh("clear_route_cache", `${call("clear_route_cache", '""')}\n${call("clear_route_cache", '"argument"')}`),
    rh(
      "set_envoy_filter_state",
      `${call("set_envoy_filter_state", hex(message({ 1: "envoy.string", 2: "value", 3: 0 })))}\nget_property "filter_state\\0envoy.string"\n${call("set_envoy_filter_state", hex(message({ 1: "none", 2: "value" })))}\n${call("set_envoy_filter_state", '"\\xff\\xff"')}\n${call("set_envoy_filter_state", '""')}`,
    ),
    rh(
      "declare_property",
      `${call("declare_property", hex(message({ 1: "declared", 2: 1 })))}\n${call("declare_property", hex(message({ 1: "declared" })))}\nset_property "declared" "1"\nset_property "declared" "2"\nget_property "declared"\n${call("declare_property", '"\\xff"')}\n${call("declare_property", '""')}`,
    ),
    rh(
      "CEL expressions",
      `${expression("1 + 1 == 2")}\n${expression("request.path")}\n${expression("request.headers['x-a']")}\n${expression("no(")}\n${expression("unknown_function(1)")}\n${expression("")}`,
    ),
    rh(
      "CEL values",
      [
        "1 == 1",
        "request.path",
        "request.method + '!'",
        "request.headers['x-a']",
        "request.headers['none']",
        "request.size",
        "1.5",
        "-3",
        "duration('1s')",
        "[1, 2]",
        "{'a': 'b'}",
        "none",
        "response.code",
        "b'bytes'",
        "null",
        "request.path.matches('^/')",
        "request.path.startsWith('/x')",
      ]
        .map((text, i) => `${expression(text, "~")}\n${call("expr_evaluate", hex(Buffer.from([i, 0, 0, 0])))}`)
        .join("\n"),
      {
        request: {
          path: "/p",
          headers: [
            ["x-a", "1"],
            ["x-a", "2"],
          ],
        },
      },
    ),
    {
      name: "CEL in the response and the log",
      script: {
        rh: expression("request.path"),
        sh: `${call("expr_evaluate", '"\\0\\0\\0\\0"')}\n${expression("response.code", "~")}\n${call("expr_evaluate", '"\\x01\\0\\0\\0"')}`,
        log: call("expr_evaluate", '"\\0\\0\\0\\0"'),
      },
    },
    rh(
      "CEL tokens",
      `${expression("true")}\n${call("expr_delete", '"\\0\\0\\0\\0"')}\n${call("expr_evaluate", '"\\0\\0\\0\\0"')}\n${call("expr_delete", '"\\x09\\0\\0\\0"')}\n${call("expr_evaluate", '"\\0"')}\n${call("expr_delete", '"\\0"')}\n${expression("true")}`,
    ),
    {
      name: "verify_signature",
      script: {
        rh: [
          verify({}),
          verify({ 1: "SHA256" }),
          verify({ 4: "other text" }),
          verify({ 1: "md99" }),
          verify({ 2: "no key" }),
          verify({ 3: "no signature" }),
          call("verify_signature", '""'),
          call("verify_signature", '"\\xff"'),
        ].join("\n"),
      },
    },
    {
      name: "sign",
      script: {
        rh: [
          call("sign", hex(message({ 1: "sha256", 2: privateDer, 3: "text" })), "?"),
          call("sign", hex(message({ 1: "sha256", 2: "no key", 3: "text" }))),
          call("sign", '"\\xff"'),
          call("sign", '""'),
        ].join("\n"),
      },
    },
    rh(
      "foreign pointers outside the memory",
      'call_foreign_function @4294967040:10 ""\ncall_foreign_function "compress" @4294967040:10\ncall_foreign_function "compress" "a" !',
    ),
  ],
};
