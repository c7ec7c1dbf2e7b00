import { fuse } from "proxy-wasm-assemblyscript-sdk";
import "../../filters/authz/assembly/index";
import "../../filters/canary/assembly/index";
import "../../filters/fault-injection/assembly/index";
import "../../filters/metrics/assembly/index";
import "../../filters/peer-metadata/assembly/index";
import "../../filters/ratelimit/assembly/index";
import "../../filters/tracing/assembly/index";

fuse("mesh");
