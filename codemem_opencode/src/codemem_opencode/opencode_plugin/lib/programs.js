// Which program is codemem, and how it is called. The folder that is worked in has no say in it.

import { accessSync, constants, statSync } from "node:fs";
import { homedir } from "node:os";
import { delimiter, isAbsolute, join } from "node:path";

/**
 * @typedef {object} Runner how codemem is called
 * @property {"uv" | "uvx" | "binary" | "none"} kind
 * @property {string[]} prefix what stands before codemem's own arguments; empty for `none`
 * @property {string | null} from the source that the user chose for uv or uvx
 */

/** Return the first executable file of that name in the folders of `path`, or null. */
export function findProgram(name, path) {
  const found = path
    .split(delimiter)
    .filter(Boolean)
    .map((folder) => join(folder, name));
  return found.find(isExecutable) ?? null;
}

/**
 * Choose a runner: the user's, else the installed `codemem`, else, where the package of that name
 * is ours or the user named a source, uvx with the plugin's version.
 *
 * @param {object} choice
 * @param {string | null} choice.runner `uv`, `uvx`, an absolute path or the name of a program
 * @param {string | null} choice.from folder for uv, source for uvx
 * @param {string | null} choice.checkout folder of the checkout this file lies in, if it does
 * @param {string} choice.version of the plugin
 * @param {boolean} choice.published set by a release: the package on the index is ours
 * @param {(name: string) => string | null} choice.find looks for a program
 * @returns {Runner}
 */
export function chooseRunner({ runner, from, checkout, version, published, find }) {
  const chosen = { uv: byUv, uvx: byUvx }[runner ?? ""] ?? byPath;
  const found = runner && chosen({ runner, from, checkout, version, find });
  const installed = found || byPath({ runner: "codemem", find });
  return installed || ((published || from) && byUvx({ from, version, find })) || NONE;
}

/** @type {Runner} */
const NONE = { kind: "none", prefix: [], from: null };

/** The folder must be named: uv runs whatever code lies in the one it is started in. */
function byUv({ from, checkout, find }) {
  const folder = [expanded(from), checkout].find((each) => each && isAbsolute(each));
  const uv = find("uv");
  return (
    uv && folder && { kind: "uv", prefix: [uv, "run", "--directory", folder, "codemem"], from }
  );
}

function byUvx({ from, version, find }) {
  const uvx = find("uvx");
  const source = from ? ["--from", from, "codemem"] : [`codemem==${version}`];
  return uvx && { kind: "uvx", prefix: [uvx, ...source], from };
}

function byPath({ runner, find }) {
  const path = expanded(runner);
  const program = isAbsolute(path) ? isExecutable(path) && path : !path.includes("/") && find(path);
  return program && { kind: "binary", prefix: [program], from: null };
}

function expanded(path) {
  return path?.replace(/^~(?=\/)/, homedir()) ?? "";
}

function isExecutable(file) {
  try {
    accessSync(file, constants.X_OK);
    return statSync(file).isFile();
  } catch {
    return false;
  }
}
