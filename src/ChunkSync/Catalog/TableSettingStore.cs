using ChunkSync.Session;

namespace ChunkSync.Catalog;

/// <summary>Table <c>cloudsync_table_settings</c> (behaviour E.3): what is set for tables, column <c>*</c>, and for columns.</summary>
internal static class TableSettingStore
{
    /// <summary>The table.</summary>
    public static MetadataTable Table { get; } = new("cloudsync_table_settings", "(tbl_name TEXT NOT NULL COLLATE NOCASE,"
        + " col_name TEXT NOT NULL COLLATE NOCASE, key TEXT, value TEXT, PRIMARY KEY(tbl_name,col_name,key))");
}
