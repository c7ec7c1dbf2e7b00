export { readYamlDocuments as documentsIn } from "../../harness/cases/source.ts";
