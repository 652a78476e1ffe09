/** Path of the extension, for the loadExtension of better-sqlite3, node:sqlite and others. Throws where no package for this platform is installed. */
export function getLoadablePath(): string;

/** Loads the extension into a connection; loading it twice does nothing. With node:sqlite open the database with { allowExtension: true }. */
export function load(database: { loadExtension(path: string): unknown }): void;
