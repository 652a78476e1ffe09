using System.Runtime.InteropServices;
using ChunkSync.Bench.Shapes;

namespace ChunkSync.Bench.Worker;

/// <summary>What the work cannot cost less than: plain SQL and plain LZ4 by a host without any extension.</summary>
internal static unsafe class Floors
{
    private const int ContainerHeader = 32;

    /// <summary>A trigger that writes one clock row per column with plain SQL, into a table with the same key and index.</summary>
    public static string ClockTrigger(TableShape table) =>
        $"CREATE TABLE {table.Name}_clock(pk BLOB NOT NULL, col_name TEXT NOT NULL, col_version INTEGER, db_version INTEGER, site_id INTEGER,"
        + $" seq INTEGER, PRIMARY KEY(pk, col_name)) WITHOUT ROWID; CREATE INDEX {table.Name}_order ON {table.Name}_clock(db_version, seq, pk,"
        + $" col_name, col_version, site_id); CREATE TRIGGER {table.Name}_insert AFTER INSERT ON {table.Name} BEGIN "
        + $"INSERT INTO {table.Name}_clock VALUES "
        + string.Join(", ", table.Columns.Select((column, i) => $"(CAST(NEW.id AS BLOB), '{column}', 1, 1, 0, NEW.rowid * {table.Columns.Length} + {i})"))
        + "; END";

    /// <summary>Visits all changes in order and every row's values once, with the cheapest statements there are: one walk over the
    /// clock table's position index, one key look-up per row.</summary>
    public static Measurement Visit(Shape shape, string path)
    {
        using BenchDatabase database = new(path, null);
        database.TakePagesRead();
        Meter meter = new();
        long changes = 0;
        long bytes = 0;
        byte[] last = [];
        foreach (TableShape table in shape.Tables)
        {
            using BenchStatement clocks = database.Prepare(
                $"SELECT db_version, seq, pk, col_name, col_version, site_id FROM {table.Name}_cloudsync ORDER BY db_version, seq");
            using BenchStatement row = database.Prepare($"SELECT {string.Join(", ", table.Columns)} FROM {table.Name} WHERE id = ?1");
            int lastLength = -1;
            while (clocks.Step())
            {
                changes++;
                ReadOnlySpan<byte> key = clocks.Blob(2);
                bytes += clocks.Int64(0) + clocks.Int64(1) + clocks.Int64(4) + clocks.Int64(5) + clocks.Blob(3).Length;
                if (lastLength == key.Length && key.SequenceEqual(last.AsSpan(0, lastLength)))
                {
                    continue;
                }

                last = last.Length < key.Length ? new byte[2 * key.Length] : last;
                key.CopyTo(last);
                lastLength = key.Length;
                bytes += ReadRow(row, key, table.Columns.Length);
            }
        }

        return meter.Stop() with { Rows = changes, Bytes = bytes, PagesRead = database.TakePagesRead(), VmSteps = database.TakeVmSteps() };
    }

    /// <summary>Compresses the bodies of the payload files beside a database once more.</summary>
    public static Measurement Compress(string path)
    {
        List<byte[]> bodies = [];
        for (int i = 0; File.Exists($"{path}.{i}.payload"); i++)
        {
            bodies.Add(Body(File.ReadAllBytes($"{path}.{i}.payload")));
        }

        byte* target = (byte*)NativeMemory.Alloc((nuint)bodies.Max(body => body.Length) * 2);
        Meter meter = new();
        long bytes = 0;
        foreach (byte[] body in bodies)
        {
            fixed (byte* source = body)
            {
                bytes += Native.Lz4Compress(source, target, body.Length, body.Length * 2);
            }
        }

        Measurement result = meter.Stop() with { Rows = bodies.Count, Bytes = bytes };
        NativeMemory.Free(target);
        return result;
    }

    /// <summary>Writes the rows and clocks of a database into a new one with prepared upserts: what an apply ends with.</summary>
    public static Measurement Upsert(Shape shape, string path)
    {
        string target = path + ".upsert";
        File.Delete(target);
        using BenchDatabase source = new(path, null);
        using BenchDatabase database = new(target, null);
        List<(string Sql, int Columns, List<nint> Values)> work = [];
        foreach (TableShape table in shape.Tables)
        {
            string clock = table.Name + "_cloudsync";
            database.Exec(table.CreateSql);
            database.Exec($"CREATE TABLE {clock}(pk BLOB NOT NULL, col_name TEXT NOT NULL, col_version INTEGER, db_version INTEGER,"
                + " site_id INTEGER DEFAULT 0, seq INTEGER, PRIMARY KEY(pk, col_name)) WITHOUT ROWID;"
                + $" CREATE INDEX {clock}_pos_idx ON {clock}(db_version, seq, pk, col_name, col_version, site_id)");
            string updates = string.Join(", ", table.Columns.Select(column => $"{column} = excluded.{column}"));
            work.Add(Load(source, $"SELECT * FROM {table.Name} ORDER BY rowid",
                $"{table.InsertSql} ON CONFLICT(id) DO UPDATE SET {updates}", table.Columns.Length + 1));
            work.Add(Load(source, $"SELECT * FROM {clock} ORDER BY db_version, seq", $"INSERT INTO {clock} VALUES (?, ?, ?, ?, ?, ?)"
                + " ON CONFLICT DO UPDATE SET col_version = excluded.col_version, db_version = excluded.db_version, seq = excluded.seq", 6));
        }

        Meter meter = new();
        long rows = 0;
        database.Exec("BEGIN");
        foreach ((string sql, int columns, List<nint> values) in work)
        {
            rows += Insert(database, sql, columns, values);
        }

        database.Exec("COMMIT");
        Measurement result = meter.Stop() with { Rows = rows };
        work.ForEach(part => part.Values.ForEach(Native.ValueFree));
        return result;
    }

    private static long Insert(BenchDatabase database, string sql, int columns, List<nint> values)
    {
        using BenchStatement insert = database.Prepare(sql);
        for (int i = 0; i < values.Count; i += columns)
        {
            for (int column = 0; column < columns; column++)
            {
                insert.BindValue(column + 1, values[i + column]);
            }

            insert.Run();
        }

        return values.Count / columns;
    }

    private static (string Sql, int Columns, List<nint> Values) Load(BenchDatabase source, string query, string sql, int columns)
    {
        using BenchStatement statement = source.Prepare(query);
        List<nint> values = [];
        while (statement.Step())
        {
            for (int i = 0; i < columns; i++)
            {
                values.Add(Native.ValueDup(Native.ColumnValue(statement.Handle, i)));
            }
        }

        return (sql, columns, values);
    }

    /// <summary>A pk blob of one TEXT value is: a count, a byte with the type and the number of length bytes, the length, the text.</summary>
    private static long ReadRow(BenchStatement row, ReadOnlySpan<byte> key, int columns)
    {
        long bytes = 0;
        fixed (byte* data = key)
        {
            int header = 2 + (key[1] >> 3);
            row.BindText(1, data + header, key.Length - header);
            if (row.Step())
            {
                for (int i = 0; i < columns; i++)
                {
                    bytes += row.Blob(i).Length;
                }
            }

            row.Reset();
        }

        return bytes;
    }

    /// <summary>The uncompressed rows of a payload (format A.2).</summary>
    private static byte[] Body(byte[] payload)
    {
        uint expanded = System.Buffers.Binary.BinaryPrimitives.ReadUInt32BigEndian(payload.AsSpan(8));
        if (expanded == 0)
        {
            return payload[ContainerHeader..];
        }

        byte[] body = new byte[expanded];
        fixed (byte* source = payload)
        {
            fixed (byte* target = body)
            {
                int length = Native.Lz4Decompress(source + ContainerHeader, target, payload.Length - ContainerHeader, body.Length);
                return length == body.Length ? body : throw new InvalidDataException("a payload cannot be uncompressed");
            }
        }
    }
}
