using System.Diagnostics;
using Microsoft.Data.Sqlite;

namespace ChunkSync.Samples.MainJob;

/// <summary>Pages all changes one chunk per query, as a client on a flaky link would, and then reads them once more in one scan.</summary>
internal sealed class Drain(SqliteConnection connection, long? chunkSize)
{
    private const string Columns =
        "payload, rows, db_version_min, db_version_max, watermark_db_version, next_db_version, next_seq, next_frag_offset, is_final";

    /// <summary>Runs both and compares them byte for byte.</summary>
    /// <exception cref="InvalidOperationException">They differ.</exception>
    public DrainResult Run()
    {
        Stopwatch watch = Stopwatch.StartNew();
        List<Page> pages = [];
        Page? page = First();
        while (page != null)
        {
            pages.Add(page);
            page = page.IsFinal ? null : Next(page);
        }

        TimeSpan drained = watch.Elapsed;
        watch.Restart();
        int scanned = Compare(pages);
        return new DrainResult(pages, drained, watch.Elapsed, scanned);
    }

    private Page? First() => Read("since_db_version = 0", []);

    private Page? Next(Page last) => Read(
        "resume_db_version = $v AND resume_seq = $s AND resume_frag_offset = $o AND until_db_version = $u",
        [("$v", last.NextDbVersion), ("$s", last.NextSeq), ("$o", last.NextOffset), ("$u", last.Watermark)]);

    private Page? Read(string where, (string Name, object Value)[] parameters)
    {
        Stopwatch watch = Stopwatch.StartNew();
        using SqliteCommand command = Command(where + " LIMIT 1", parameters);
        using SqliteDataReader reader = command.ExecuteReader();
        return reader.Read() ? Page.From(reader, watch) : null;
    }

    private int Compare(List<Page> pages)
    {
        using SqliteCommand command = Command("since_db_version = 0", []);
        using SqliteDataReader reader = command.ExecuteReader();
        int index = 0;
        while (reader.Read())
        {
            if (index >= pages.Count || !pages[index].Payload.AsSpan().SequenceEqual((byte[])reader.GetValue(0)))
            {
                throw new InvalidOperationException($"chunk {index} of the full scan differs from page {index}");
            }

            index++;
        }

        return index == pages.Count
            ? index
            : throw new InvalidOperationException($"the full scan has {index} chunks, the pages are {pages.Count}");
    }

    private SqliteCommand Command(string where, (string Name, object Value)[] parameters)
    {
        SqliteCommand command = connection.CreateCommand();
        string size = chunkSize == null ? "" : " AND max_chunk_size = " + chunkSize;
        int limit = where.IndexOf(" LIMIT", StringComparison.Ordinal);
        where = limit < 0 ? where + size : where.Insert(limit, size);
        command.CommandText = $"SELECT {Columns} FROM cloudsync_payload_chunks WHERE {where}";
        foreach ((string name, object value) in parameters)
        {
            command.Parameters.AddWithValue(name, value);
        }

        return command;
    }
}
