namespace ChunkSync.Tests.Host;

/// <summary>Site ids out of a history's random numbers: of two values of one version that are equal the greater site id wins, so with ids of the
/// engine's own a history that is repeated is another one.</summary>
public static class SiteIds
{
    /// <summary>The length of a site id.</summary>
    private const int Length = 16;

    /// <summary>Gives a database that has tracked a table and has written nothing yet another site id.</summary>
    public static void Give(Database database, Random random)
    {
        byte[] id = new byte[Length];
        random.NextBytes(id);
        database.Run("UPDATE cloudsync_site_id SET site_id = ? WHERE rowid = 0", id);

        // Who asks what is in the file sees what was done by hand.
        database.Query("SELECT id FROM cloudsync_check LIMIT 1");
        Assert.Equal(id, database.Scalar("SELECT cloudsync_siteid()"));
    }

    /// <summary>Calls <c>cloudsync_new_site</c>; the id that it makes is replaced.</summary>
    /// <param name="database">The database.</param>
    /// <param name="random">The history's random numbers.</param>
    /// <param name="arguments">What the function gets.</param>
    public static void Renew(Database database, Random random, string arguments = "")
    {
        byte[] old = (byte[])database.Scalar("SELECT cloudsync_siteid()")!;
        Assert.Equal(2 * Length, ((string)database.Scalar($"SELECT cloudsync_new_site({arguments})")!).Length);
        Assert.NotEqual(old, database.Scalar("SELECT cloudsync_siteid()"));
        Give(database, random);
    }
}
