"use strict";

const { existsSync } = require("node:fs");

const LIBRARIES = { linux: "chunksync.so", darwin: "chunksync.dylib", win32: "chunksync.dll" };

/** Whether this process runs on musl instead of glibc. */
function isMusl() {
  return process.platform === "linux" && !process.report.getReport().header.glibcVersionRuntime;
}

/** The platform of this process as the packages spell it: linux-x64, linux-musl-arm64, osx-arm64, win-x64, … */
function platformName() {
  const system = { linux: isMusl() ? "linux-musl" : "linux", darwin: "osx", win32: "win" }[process.platform] ?? process.platform;
  return `${system}-${process.arch}`;
}

/**
 * Path of the extension, for the loadExtension of better-sqlite3, node:sqlite and others.
 * Throws where no package for this platform is installed.
 */
function getLoadablePath() {
  const name = `chunksync-${platformName()}`;
  let path;
  try {
    path = require.resolve(`${name}/${LIBRARIES[process.platform]}`);
  } catch {
    path = undefined;
  }
  if (path === undefined || !existsSync(path)) {
    throw new Error(
      `chunksync: there is no library for ${platformName()}: the package ${name} is not installed (this release has: @PLATFORMS@);` +
        " install it without --no-optional, or build the library from source"
    );
  }
  return path;
}

/**
 * Loads the extension into a connection that has loadExtension; loading it twice does nothing.
 * With node:sqlite open the database with { allowExtension: true }.
 */
function load(database) {
  database.loadExtension(getLoadablePath());
}

module.exports = { getLoadablePath, load };
