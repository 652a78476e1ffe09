using Microsoft.Data.Sqlite;

namespace ChunkSync.Samples.MainJob;

/// <summary>One of several databases that send each other what was written in them.</summary>
internal sealed class Replica : IDisposable
{
    private const int ChunkSize = 262_144;
    private readonly Workspace workspace;
    private long sent;

    public Replica(string name, Workspace workspace)
    {
        Name = name;
        this.workspace = workspace;

        // Each edit is a transaction of its own; none of these files outlives the program.
        Sql.Run(Connection, "PRAGMA journal_mode = MEMORY; PRAGMA cache_size = -65536");
        Site = (byte[])Sql.Rows(Connection, "SELECT cloudsync_siteid()")[0][0]!;
    }

    public string Name { get; }

    public SqliteConnection Connection => workspace.Connection;

    public byte[] Site { get; }

    /// <summary>Changes that came, repeats among them.</summary>
    public long Received { get; private set; }

    /// <summary>Rows that were refused at first, in all calls.</summary>
    public long SetAside { get; private set; }

    /// <summary>Rows that were refused at first and fitted before their call ended.</summary>
    public long Arranged { get; private set; }

    /// <summary>The newest version.</summary>
    public long DbVersion => Sql.Number(Connection, "SELECT cloudsync_db_version()");

    /// <summary>Makes a replica of a file that this one is: the same rows, another identity.</summary>
    /// <param name="name">Its name.</param>
    /// <param name="library">The native library.</param>
    /// <param name="isEmpty">Whether the new identity has written nothing yet, which takes a walk over all clocks, or counts as the writer of
    /// everything, which takes none.</param>
    public Replica Copy(string name, string library, bool isEmpty)
    {
        Workspace copy = Workspace.CopyOf(library, Connection.DataSource);
        Sql.Run(copy.Connection, isEmpty ? "SELECT cloudsync_new_site(cloudsync_db_version())" : "SELECT cloudsync_new_site()");
        return new Replica(name, copy);
    }

    /// <summary>What is here now is known to the others: they get what is written from now on.</summary>
    public void Begin(IEnumerable<Replica> others)
    {
        sent = DbVersion;
        Chunk known = new(this, null, new Position(1, 0, 0), new Position(sent, 0, 0), true);
        foreach (Replica other in others.Where(other => other != this && sent > 0))
        {
            other.Receive(known);
        }
    }

    /// <summary>What was written here since the last call, in windows of some versions, as a program that sends now and then would.</summary>
    public List<Chunk> Send(long versions)
    {
        List<Chunk> chunks = [];
        for (long newest = DbVersion; sent < newest;)
        {
            long until = newest - sent < versions ? newest : sent + versions;
            Position end = new(until, long.MaxValue, 0);
            chunks.AddRange(Read(new Position(sent + 1, 0, 0), end, "since_db_version = $since", ("$since", sent)));
            sent = until;
        }

        return chunks;
    }

    /// <summary>The part of the stream that a receiver has not got.</summary>
    public List<Chunk> Resend(Position from, Position end) => Read(from, end,
        "resume_db_version = $v AND resume_seq = $s AND resume_frag_offset = $o", ("$v", from.DbVersion), ("$s", from.Seq), ("$o", from.Offset));

    /// <summary>Takes a chunk; what a table refuses waits.</summary>
    public void Receive(Chunk chunk)
    {
        Received += Sql.Number(Connection, "SELECT cloudsync_payload_receive($payload, $site, $fv, $fs, $fo, $nv, $ns, $no, $final)",
            ("$payload", chunk.Payload), ("$site", chunk.Sender.Site),
            ("$fv", chunk.From.DbVersion), ("$fs", chunk.From.Seq), ("$fo", chunk.From.Offset),
            ("$nv", chunk.Next.DbVersion), ("$ns", chunk.Next.Seq), ("$no", chunk.Next.Offset), ("$final", chunk.IsFinal ? 1L : 0L));
        if (chunk.Payload != null)
        {
            object?[] status = Sql.Rows(Connection, "SELECT last_apply_aside, last_apply_waited FROM cloudsync_status")[0];
            SetAside += (long)status[0]!;
            Arranged += (long)status[0]! - (long)status[1]!;
        }
    }

    /// <summary>Holes in what has come from a sender; the last is what it has not sent yet.</summary>
    public List<(Position From, Position End)> Gaps(Replica sender)
    {
        Position newest = new(sender.DbVersion, long.MaxValue, 0);
        return [.. Sql.Rows(Connection,
            "SELECT from_db_version, from_seq, from_frag_offset, to_db_version, to_seq, to_frag_offset FROM cloudsync_receive_gaps($site)", ("$site", sender.Site))
            .Select(row => (From: new Position((long)row[0]!, (long)row[1]!, (long)row[2]!),
                End: row[3] == null ? newest : new Position((long)row[3]!, (long)row[4]!, (long)row[5]!)))
            .Where(gap => gap.From.DbVersion <= newest.DbVersion)];
    }

    public void Dispose() => workspace.Dispose();

    private List<Chunk> Read(Position from, Position end, string where, params (string Name, object? Value)[] parameters)
    {
        using SqliteCommand command = Sql.Command(Connection,
            $"SELECT payload, next_db_version, next_seq, next_frag_offset, is_final FROM cloudsync_payload_chunks WHERE {where}"
            + $" AND until_db_version = $until AND max_chunk_size = {ChunkSize}", [.. parameters, ("$until", end.DbVersion)]);
        using SqliteDataReader reader = command.ExecuteReader();
        List<Chunk> chunks = [];
        while (from.CompareTo(end) < 0 && reader.Read())
        {
            Position next = new(reader.GetInt64(1), reader.GetInt64(2), reader.GetInt64(3));
            bool isFinal = reader.GetInt64(4) == 1;
            chunks.Add(new Chunk(this, (byte[])reader.GetValue(0), from, next, isFinal));
            from = isFinal ? end : next;
        }

        return chunks.Count > 0 ? chunks : [new Chunk(this, null, from, new Position(end.DbVersion, 0, 0), true)];
    }
}
