using ChunkSync.Tests.Host;

namespace ChunkSync.Tests.Histories;

/// <summary>The connections of a replica: one to a database in memory, or two to a file, of which one is used at a time.</summary>
internal sealed class ReplicaConnections : IDisposable
{
    private static readonly Database Template = MakeTemplate();

    private readonly TempFile? file;
    private readonly Database?[] connections = new Database?[2];

    /// <summary>Makes a new replica with the tables: a copy of one that was made once, with a site id of its own.</summary>
    /// <param name="onFile">Whether there can be a second connection.</param>
    public ReplicaConnections(bool onFile)
    {
        file = onFile ? new TempFile() : null;
        lock (Template)
        {
            connections[0] = Database.OpenCopy(Template, file?.Path ?? ":memory:");
        }

        Current.Exec("UPDATE cloudsync_site_id SET site_id = randomblob(16)");
        Ready();
    }

    /// <summary>The number of the connection that is used now.</summary>
    public int Active { get; private set; }

    /// <summary>The connection that is used now.</summary>
    public Database Current => connections[Active]!;

    /// <summary>All connections that are open.</summary>
    public IEnumerable<Database> All => connections.OfType<Database>();

    /// <summary>Goes on with the other connection, which is opened when it is used for the first time.</summary>
    public void Switch()
    {
        if (file == null)
        {
            return;
        }

        Active = 1 - Active;
        if (connections[Active] == null)
        {
            connections[Active] = Database.Open(file.Path, register: false);
            Ready();
        }
    }

    /// <summary>Closes everything and opens one connection again, without the engine.</summary>
    public void Reopen()
    {
        Database old = Current;
        if (file == null)
        {
            connections[0] = Database.OpenCopy(old, ":memory:");
            old.Dispose();
            return;
        }

        foreach (Database connection in All)
        {
            connection.Dispose();
        }

        connections[1] = null;
        Active = 0;
        connections[0] = Database.Open(file.Path, register: false);
    }

    /// <summary>Loads the engine on the connection that was opened last.</summary>
    public void Ready()
    {
        if (file != null)
        {
            Current.Exec("PRAGMA synchronous = OFF; PRAGMA journal_mode = MEMORY");
        }

        Current.Register();
    }

    public void Dispose()
    {
        foreach (Database connection in All)
        {
            connection.Dispose();
        }

        file?.Dispose();
    }

    private static Database MakeTemplate()
    {
        Database template = Database.Open();
        Array.ForEach(HistoryTable.Schema, template.Exec);
        return template;
    }
}
