using ChunkSync.Catalog;
using ChunkSync.Session;
using ChunkSync.Sqlite;

namespace ChunkSync.Clock;

/// <summary><c>cloudsync_new_site</c>: another identity for a database that is a copy of another one, or an older state of itself. Two files
/// that write under one site id give out the same positions for different changes, and whoever has one asks for the other no more.</summary>
/// <remarks>Peers see a new sender, whose stream begins at (1, 0, 0); the old one ends. Clock rows name their site by ordinal, so all that was
/// written here goes on being this site's own with one row changed, and peers get once more what they know.</remarks>
internal static class NewSite
{
    private const string Name = "cloudsync_new_site";

    /// <summary>Gives the database a new site id; everything that it wrote stays its own.</summary>
    /// <param name="session">The connection.</param>
    /// <param name="clock">The clock.</param>
    /// <returns>The id in hex.</returns>
    public static string Create(SyncSession session, VersionClock clock)
    {
        Require(session, clock);
        return Rename(session, (_, _) => 0);
    }

    /// <summary>Gives the database a new site id; its own is only what it wrote after a db_version, the rest stays the old site's.</summary>
    /// <param name="session">The connection.</param>
    /// <param name="catalog">The tracked tables.</param>
    /// <param name="clock">The clock.</param>
    /// <param name="since">Up to this db_version everything was sent.</param>
    /// <returns>The id in hex.</returns>
    public static string Create(SyncSession session, TableCatalog catalog, VersionClock clock, Value since)
    {
        Require(session, clock);
        if (since.Type != StorageClass.Integer || since.Int64 < 0 || since.Int64 > clock.Current)
        {
            throw Errors.BadArgument(Name, $"since_db_version must be an integer from 0 to {clock.Current}, not {SqlText.Describe(since)}");
        }

        long version = since.Int64;
        return Rename(session, (oldId, connection) =>
        {
            if (version > 0)
            {
                Leave(catalog, connection, session.Sites.FindOrAdd(oldId), version);
            }

            return version;
        });
    }

    private static void Require(SyncSession session, VersionClock clock)
    {
        session.RefuseDuringMerge(Name);
        if (!session.IsInitialized)
        {
            throw SyncSession.NotInitialized($"before calling {Name}().");
        }

        if (clock.HasTaken)
        {
            throw Errors.Misuse(Name + ": the open transaction has written changes: commit or roll back first");
        }
    }

    private static string Rename(SyncSession session, Func<byte[], Connection, long> leave)
    {
        byte[] id = new byte[Uuid7.Length];
        Uuid7.Create(id);
        session.InTransaction("chunksync_new_site", () =>
        {
            session.Transaction.Join();
            byte[] oldId = session.Sites.Local.ToArray();
            session.Sites.RenameLocal(id);
            long sent = leave(oldId, session.Connection);
            session.Settings.Set(Settings.SendDbVersion, sent);
            session.Settings.Set(Settings.SendSeq, 0);
            session.Settings.Remove(Settings.ForeignOwn);
        });
        session.Refresh();
        return Uuid7.Format(id, dashes: false);
    }

    /// <summary>Leaves clock rows up to a db_version to another site. Hidden rows, which have no db_version, get a new one when they are sent
    /// again: they stay.</summary>
    private static void Leave(TableCatalog catalog, Connection connection, long ordinal, long version)
    {
        foreach (TrackedTable table in catalog.All)
        {
            using Statement leave = connection.Prepare($"UPDATE {table.QuotedClock} SET site_id = ?1"
                + $" WHERE site_id = {SiteDirectory.LocalOrdinal} AND db_version > 0 AND db_version <= ?2");
            leave.Bind(1, ordinal).Bind(2, version);
            leave.Run();
        }
    }
}
