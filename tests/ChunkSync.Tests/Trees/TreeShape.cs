using ChunkSync.Tests.Host;

namespace ChunkSync.Tests.Trees;

/// <summary>A kind of tree table, chosen at random.</summary>
internal sealed record TreeShape(string KeyType, bool HasPosition, bool HasTitle, string ForeignKey, bool IsWithoutRowId, bool Waits)
{
    private static readonly string[] ForeignKeys =
        ["", "", "", " REFERENCES items(id)", " REFERENCES items(id) ON DELETE SET NULL", " REFERENCES items(id) ON UPDATE CASCADE"];

    public static TreeShape Next(Random random) => new(
        random.Next(4) switch { 0 => "INTEGER", 1 => "BLOB", _ => "TEXT" }, random.Next(6) != 0, random.Next(6) != 0, ForeignKeys[random.Next(ForeignKeys.Length)],
        random.Next(3) == 0, random.Next(3) == 0);

    public Database Open()
    {
        Database database = Database.Open();
        string columns = $"id {KeyType} PRIMARY KEY NOT NULL, parent {KeyType}{ForeignKey}" + (HasPosition ? ", pos" : "") + (HasTitle ? ", title" : "");
        database.Exec($"PRAGMA foreign_keys = {(ForeignKey.Length > 0 ? "ON" : "OFF")}; CREATE TABLE items({columns}){(IsWithoutRowId ? " WITHOUT ROWID" : "")}");
        database.Scalar("SELECT cloudsync_init('items', 'cls', 1)");
        database.Scalar("SELECT cloudsync_tree_init('items', 'parent', ?)", HasPosition ? "pos" : null);
        if (Waits)
        {
            database.Scalar("SELECT cloudsync_set('apply_refused', 'wait')");
        }

        return database;
    }
}
