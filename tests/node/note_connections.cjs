// node --require: notes the host of every connection this process opens, one a line, in the file CONNECTIONS_FILE.
const { appendFileSync } = require("node:fs");
const net = require("node:net");

const connect = net.Socket.prototype.connect;
net.Socket.prototype.connect = function (...parameters) {
  const [options] = Array.isArray(parameters[0]) ? parameters[0] : parameters;
  appendFileSync(process.env.CONNECTIONS_FILE, `${options.host ?? options.path ?? "localhost"}\n`);
  return connect.apply(this, parameters);
};
