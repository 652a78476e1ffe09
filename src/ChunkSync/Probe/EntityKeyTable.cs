using ChunkSync.Format;
using ChunkSync.Sqlite;

namespace ChunkSync.Probe;

/// <summary>A table of <c>main</c> that says which chunks hold an entity: (entity_hash, chunk_index). It covers the chunks up to its mark, the row
/// whose hash is that of no table and no key. A payload that is covered must not be replaced under its ordinal.</summary>
internal sealed unsafe class EntityKeyTable(Connection connection, string name)
{
    private readonly string quoted = "main." + Connection.Quote(name);
    private readonly long markHash = (long)EntityHash.Of64([], []);

    /// <summary>The chunks that hold an entity of a set, up to the mark.</summary>
    /// <returns>Null when the table does not help: the set asks for whole tables, or for everything.</returns>
    /// <exception cref="ProbeException">There is no such key table.</exception>
    public CoveredOrdinals? Find(ProbeSet set)
    {
        Require("keys: ");
        if (!set.HasWhat || set.Tables.Count > 0 || ReadMark() is not long mark)
        {
            return null;
        }

        CoveredOrdinals covered = new(mark);
        using Statement find = connection.Prepare($"SELECT chunk_index FROM {quoted} WHERE entity_hash = ?1 AND chunk_index <= ?2");
        for (int i = 0; i < set.Entities.Count; i++)
        {
            find.Bind(1, set.Entities.HashOf(i)).Bind(2, mark);
            while (find.Step())
            {
                covered.Add(find.Int64(0));
            }

            find.Reset();
        }

        covered.Build();
        return covered;
    }

    /// <summary>Adds the chunks of a source behind the mark. Runs in the caller's savepoint.</summary>
    /// <returns>How many chunks.</returns>
    /// <exception cref="DamagedChunkException">A chunk is damaged; the message names it.</exception>
    /// <exception cref="ProbeException">The source or the table cannot be used.</exception>
    public long Add(string source)
    {
        connection.Execute($"CREATE TABLE IF NOT EXISTS {quoted}(entity_hash INTEGER, chunk_index INTEGER,"
            + " PRIMARY KEY(entity_hash, chunk_index)) WITHOUT ROWID");
        Require("");
        long? mark = ReadMark();
        using IChunkSource chunks = ChunkSources.Open(connection, source);
        bool found = mark == null ? chunks.Seek(long.MinValue) : mark < long.MaxValue && chunks.Seek(mark.Value + 1);
        using Statement insert = connection.Prepare($"INSERT OR IGNORE INTO {quoted}(entity_hash, chunk_index) VALUES (?1, ?2)");
        using NativeBuffer expanded = new();
        using NativeBuffer folded = new();
        long added = 0;
        for (; found; found = chunks.MoveNext())
        {
            try
            {
                AddChunk(chunks, insert, expanded, folded);
            }
            catch (DamagedChunkException damage)
            {
                throw new DamagedChunkException($"chunk {chunks.Ordinal}: {damage.Message}");
            }

            mark = chunks.Ordinal;
            chunks.Release();
            added++;
        }

        if (added > 0)
        {
            connection.Execute($"DELETE FROM {quoted} WHERE entity_hash = {markHash}");
            insert.Bind(1, markHash).Bind(2, mark!.Value);
            insert.Run();
        }

        return added;
    }

    private static void AddChunk(IChunkSource chunks, Statement insert, NativeBuffer expanded, NativeBuffer folded)
    {
        byte* payload = chunks.Open(out long length);
        ContainerHeader header = PayloadCheck.ReadHeader(new ReadOnlySpan<byte>(payload, (int)Math.Min(length, ContainerHeader.Length)), length);
        byte* body = PayloadCheck.Open(header, payload, length, verify: true, PayloadContainer.MaxBody, expanded, out long size);
        ChangeRowWalker row = new(body, size);
        EntityKey last = default;
        for (uint i = 0; i < header.Rows; i++)
        {
            row.Next();
            if (i > 0 && row.TableName.SequenceEqual(last.Table) && row.KeyBlob.SequenceEqual(last.Key))
            {
                continue;
            }

            last = new EntityKey(row.Table, row.TableLength, row.Key, row.KeyLength);
            folded.Clear();
            byte* name = folded.Reserve(row.TableLength);
            FoldedName.Write(name, row.Table, row.TableLength);
            insert.Bind(1, (long)EntityHash.Of64(new ReadOnlySpan<byte>(name, row.TableLength), row.KeyBlob)).Bind(2, chunks.Ordinal);
            insert.Run();
        }

        row.CheckEnd();
    }

    private long? ReadMark()
    {
        using Statement read = connection.Prepare($"SELECT max(chunk_index) FROM {quoted} WHERE entity_hash = {markHash}");
        return read.Step() && !read.IsNull(0) ? read.Int64(0) : null;
    }

    /// <summary>The table must be one that <see cref="Add"/> makes: another would answer wrongly.</summary>
    private void Require(string prefix)
    {
        using Statement columns = connection.Prepare(
            "SELECT group_concat(name || ' ' || type || ' ' || pk, ',') FROM (SELECT * FROM pragma_table_info(?1, 'main') ORDER BY cid)");
        columns.Bind(1, name);
        columns.Step();
        string found = columns.String(0);
        if (found != "entity_hash INTEGER 1,chunk_index INTEGER 2")
        {
            throw new ProbeException(prefix + (found.Length == 0 ? $"no such table: {name}" : $"table {name} is no key table; make one with cloudsync_probe_keys"));
        }
    }
}
