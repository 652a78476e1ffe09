using ChunkSync.Sqlite;

namespace ChunkSync.Probe;

/// <summary>Makes the chunk source that fits a text.</summary>
internal static class ChunkSources
{
    /// <summary>Opens the source that a text names.</summary>
    /// <exception cref="ProbeException">There is none, or it lacks a column.</exception>
    /// <exception cref="EngineException">SQLite refuses the query.</exception>
    public static IChunkSource Open(Connection connection, string text)
    {
        SourceName source = Find(connection, text, out string? rowId, out bool hasOrdinal);
        bool hasIndex = HasColumn(connection, source, "payload_index");
        return rowId != null
            ? new BlobChunkSource(connection, source, hasOrdinal ? "s.chunk_index" : rowId, rowId, hasIndex)
            : new StatementChunkSource(connection, source, hasIndex);
    }

    /// <summary>What stands behind FROM for a source, for statements that read it themselves under the alias s.</summary>
    /// <param name="connection">The connection.</param>
    /// <param name="text">The source.</param>
    /// <param name="ordinal">The expression of its ordinal.</param>
    /// <inheritdoc cref="Open"/>
    public static string Require(Connection connection, string text, out string ordinal)
    {
        SourceName source = Find(connection, text, out string? rowId, out bool hasOrdinal);
        ordinal = hasOrdinal ? "s.chunk_index" : rowId!;
        return source.From;
    }

    private static SourceName Find(Connection connection, string text, out string? rowId, out bool hasOrdinal)
    {
        SourceName source = SourceName.Find(connection, text);
        Check(connection, source);
        if (!HasColumn(connection, source, "payload"))
        {
            throw new ProbeException($"source {source.Shown} has no column payload");
        }

        hasOrdinal = HasColumn(connection, source, "chunk_index");
        rowId = source.IsOrdinaryTable ? RowIdOf(connection, source) : null;
        return hasOrdinal || rowId != null ? source
            : throw new ProbeException($"source {source.Shown} has no column chunk_index to order its chunks by");
    }

    /// <summary>SQLite's own error where the text is no query at all.</summary>
    private static void Check(Connection connection, SourceName source)
    {
        using Statement probe = connection.Prepare($"SELECT 1 FROM {source.From} AS s LIMIT 0");
        _ = probe.Handle;
    }

    /// <summary>With the alias, because SQLite takes a bare quoted name that is no column for a text.</summary>
    private static bool HasColumn(Connection connection, SourceName source, string name)
    {
        using Statement probe = connection.Prepare($"SELECT s.{name} FROM {source.From} AS s LIMIT 0");
        return TryPrepare(probe);
    }

    /// <summary>A name of the rowid that no column hides; null for a table without rowid.</summary>
    private static string? RowIdOf(Connection connection, SourceName source)
    {
        foreach (string name in (ReadOnlySpan<string>)["rowid", "_rowid_", "oid"])
        {
            using Statement column = connection.Prepare("SELECT 1 FROM pragma_table_xinfo(?1, ?2) WHERE name = ?3 COLLATE NOCASE");
            column.Bind(1, source.Table!).Bind(2, source.Schema!).Bind(3, name);
            bool hides = column.Step();
            column.Reset();
            if (hides)
            {
                continue;
            }

            using Statement probe = connection.Prepare($"SELECT s.{name} FROM {source.From} AS s LIMIT 0");
            return TryPrepare(probe) ? "s." + name : null;
        }

        return null;
    }

    private static bool TryPrepare(Statement probe)
    {
        try
        {
            _ = probe.Handle;
            return true;
        }
        catch (EngineException failure) when (failure.Code == ResultCode.Error)
        {
            // "no such column"
            return false;
        }
    }
}
