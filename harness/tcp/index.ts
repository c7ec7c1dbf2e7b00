export { TcpConnection, type TcpEnd } from "./connection.ts";
