using ChunkSync.Sqlite;

namespace ChunkSync.Session;

/// <summary>Table <c>cloudsync_site_id</c> (behaviour E.3): site ids by ordinal, which is what clock rows store. Ordinal 0 is the
/// local site. Site ids are normally 16 bytes; other lengths are kept as they are.</summary>
internal sealed unsafe class SiteDirectory
{
    /// <summary>The length of a site id that the engine makes (a UUIDv7).</summary>
    public const int SiteIdLength = 16;

    /// <summary>The ordinal of the local site.</summary>
    public const long LocalOrdinal = 0;

    /// <summary>The table.</summary>
    public static MetadataTable Table { get; } = new("cloudsync_site_id", "(site_id BLOB UNIQUE NOT NULL)");

    private readonly Connection connection;
    private readonly TransactionTable transaction;
    private readonly Statement kind;
    private readonly Statement byOrdinal;
    private readonly Statement byId;
    private readonly Statement insert;
    private readonly Dictionary<long, byte[]> ids = [];
    private long lastOrdinal;
    private byte[]? last;
    private bool? hasLocal;

    /// <summary>When something was remembered last.</summary>
    private long remembered;

    public SiteDirectory(Connection connection, TransactionTable transaction)
    {
        this.connection = connection;
        this.transaction = transaction;
        kind = connection.Prepare(
            "SELECT type FROM main.sqlite_master WHERE type IN ('table', 'view') AND name = 'cloudsync_site_id' COLLATE NOCASE");
        byOrdinal = connection.Prepare("SELECT site_id FROM main.cloudsync_site_id WHERE rowid = ?1");
        byId = connection.Prepare("SELECT rowid FROM main.cloudsync_site_id WHERE site_id = ?1");
        insert = connection.Prepare("INSERT INTO main.cloudsync_site_id(site_id) VALUES (?1)");
    }

    /// <summary>True when the table exists and has the local site.</summary>
    public bool HasLocal
    {
        get
        {
            if (hasLocal is not bool known)
            {
                known = connection.HasTable(Table.Name) && Id(LocalOrdinal) != null;
                hasLocal = known;
                remembered = transaction.Times.Now;
            }

            return known;
        }
    }

    /// <summary>The local site id; 16 zero bytes before init.</summary>
    public ReadOnlySpan<byte> Local => HasLocal ? Id(LocalOrdinal)! : new byte[SiteIdLength];

    /// <summary>Gives the database a local site.</summary>
    public void CreateLocal()
    {
        Span<byte> id = stackalloc byte[Uuid7.Length];
        Uuid7.Create(id);
        using (Statement create = connection.Prepare($"INSERT INTO main.cloudsync_site_id(rowid, site_id) VALUES ({LocalOrdinal}, ?1)"))
        {
            create.BindBlob(1, id);
            create.Run();
        }

        Forget();
    }

    /// <summary>Gives the database another local site; the id that it had is free.</summary>
    /// <param name="id">A new id.</param>
    public void RenameLocal(ReadOnlySpan<byte> id)
    {
        using (Statement rename = connection.Prepare($"UPDATE main.cloudsync_site_id SET site_id = ?1 WHERE rowid = {LocalOrdinal}"))
        {
            rename.BindBlob(1, id);
            rename.Run();
        }

        Forget();
    }

    /// <summary>Whether the local site that is remembered is not the one that the database has: another database is in its place.</summary>
    public bool IsLocalOther()
    {
        if (hasLocal != true || !ids.TryGetValue(LocalOrdinal, out byte[]? known))
        {
            return false;
        }

        byOrdinal.Bind(1, LocalOrdinal);
        bool same = byOrdinal.Step() && byOrdinal.Blob(0).SequenceEqual(known);
        byOrdinal.Reset();
        return !same;
    }

    /// <summary>The site id of an ordinal; null when there is none.</summary>
    public byte[]? Id(long ordinal)
    {
        if (last != null && ordinal == lastOrdinal)
        {
            return last;
        }

        if (!ids.TryGetValue(ordinal, out byte[]? id))
        {
            byOrdinal.Bind(1, ordinal);
            id = Read(ordinal);
            if (id == null)
            {
                return null;
            }

            ids[ordinal] = id;
            remembered = transaction.Times.Now;
        }

        last = id;
        lastOrdinal = ordinal;
        return id;
    }

    /// <summary>The ordinal of a site id; null when the site is unknown.</summary>
    public long? Find(ReadOnlySpan<byte> id)
    {
        if (last != null && id.SequenceEqual(last))
        {
            return lastOrdinal;
        }

        byId.BindBlob(1, id);
        long? ordinal = byId.Step() ? byId.Int64(0) : null;
        byId.Reset();
        if (ordinal is long known)
        {
            // Changes of several sites take turns in what a relay sends: no new copy each time.
            bool isCached = ids.TryGetValue(known, out byte[]? cached) && id.SequenceEqual(cached);
            last = isCached ? cached : id.ToArray();
            lastOrdinal = known;
            ids[known] = last!;
            remembered = transaction.Times.Now;
        }

        return ordinal;
    }

    /// <summary>How many sites this connection has added.</summary>
    public int Added { get; private set; }

    /// <summary>The ordinal of a site id; an unknown site is added. The host's last_insert_rowid stays.</summary>
    public long FindOrAdd(ReadOnlySpan<byte> id)
    {
        if (Find(id) is long known)
        {
            return known;
        }

        if (Read(LocalOrdinal) == null)
        {
            // Ordinals would be given out that clock rows have for other sites.
            throw Failure();
        }

        transaction.Join();
        long lastRowId = Sqlite3.Api->last_insert_rowid(connection.Handle);
        insert.BindBlob(1, id);
        insert.Run();
        long added = Sqlite3.Api->last_insert_rowid(connection.Handle);
        Sqlite3.Api->set_last_insert_rowid(connection.Handle, lastRowId);
        ids[added] = id.ToArray();
        remembered = transaction.Times.Now;
        Added++;
        return added;
    }

    /// <summary>The failure of everything that needs the local site, when it was there and is gone.</summary>
    public EngineException Failure()
    {
        string what = !kind.Step() ? "is missing" : kind.String(0) == "view" ? "is a view" : "has no row with rowid 0, the id of this site";
        kind.Reset();
        return Errors.Corrupt($"sync metadata is damaged: cloudsync_site_id {what}; restore a backup, or call SELECT"
            + " cloudsync_init('<table_name>') for every tracked table, which makes a new site id");
    }

    /// <summary>A part of the transaction is gone, and what was read in it.</summary>
    /// <param name="since">When it began, by <see cref="SavepointTimes"/>.</param>
    public void Undone(long since)
    {
        if (remembered >= since)
        {
            Forget();
        }
    }

    /// <summary>Drops everything cached: the table may have changed under us.</summary>
    public void Forget()
    {
        ids.Clear();
        last = null;
        hasLocal = null;
    }

    private byte[]? Read(long ordinal)
    {
        byOrdinal.Bind(1, ordinal);
        bool found = byOrdinal.Step();
        bool isId = found && byOrdinal.Type(0) is StorageClass.Blob or StorageClass.Text && !byOrdinal.Blob(0).IsEmpty;
        byte[]? id = isId ? byOrdinal.Blob(0).ToArray() : null;
        string shown = found && !isId ? byOrdinal.IsNull(0) ? "NULL" : $"'{byOrdinal.String(0)}'" : "";
        byOrdinal.Reset();
        return !found || isId
            ? id
            : throw Errors.CorruptRow(Table.Name, $"site_id of rowid {ordinal} is {shown}, it must be a BLOB that is not empty");
    }
}
