using ChunkSync.Clock;
using ChunkSync.Sqlite;

namespace ChunkSync.Sql;

/// <summary>The functions that change who a database is.</summary>
internal static unsafe class IdentityFunctions
{
    public static IReadOnlyList<FunctionDefinition> All { get; } =
    [
        new("cloudsync_new_site", 0, &NewSiteId)
        {
            InSchema = SchemaUse.DirectOnly,
            Summary = "Gives this database a new site id and returns it in hex: for a copy of another database, and for a restored backup, before it"
                + " writes or syncs. All that it wrote is its own under the new id, too, and is sent once more.",
            Example = "SELECT cloudsync_new_site()",
        },
        new("cloudsync_new_site", 1, &NewSiteSince)
        {
            InSchema = SchemaUse.DirectOnly,
            Summary = "The same, where everything up to the given db_version is known to have been sent: only what was written after it is the new"
                + " site's own, the rest stays the old one's.",
            Example = "SELECT cloudsync_new_site(cloudsync_db_version())",
        },
    ];

    private static void NewSiteId(in Call call)
    {
        Engine engine = Engine.Of(call);
        call.Return(NewSite.Create(engine.Session, engine.Clock));
    }

    private static void NewSiteSince(in Call call)
    {
        Engine engine = Engine.Of(call);
        call.Return(NewSite.Create(engine.Session, engine.Catalog, engine.Clock, call[0]));
    }
}
