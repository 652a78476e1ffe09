namespace ChunkSync.EntityFrameworkCore.Tests.Host;

/// <summary>Sending from one database to another one, and looking at them.</summary>
public static class Replicas
{
    /// <summary>Everything that one database wrote arrives at the other one, by names.</summary>
    public static async Task SendAsync(DbContext from, DbContext to)
    {
        from.Database.OpenConnection();
        to.Database.OpenConnection();
        SyncDatabase sender = from.Database.ChunkSync();
        await foreach (Chunk chunk in sender.ReadAsync(new ChunkWindow(since: 0)))
        {
            await to.Database.ChunkSync().ReceiveAsync(chunk.ToEnvelope(sender.Site));
        }
    }

    /// <summary>Both hear of each other until they have nothing new.</summary>
    public static async Task SettleAsync(DbContext one, DbContext other)
    {
        for (int round = 0; round < 2; round++)
        {
            await SendAsync(one, other);
            await SendAsync(other, one);
        }
    }

    /// <summary>The rows of a query, one line each.</summary>
    public static string[] Lines(this DbContext context, string sql)
    {
        context.Database.OpenConnection();
        using System.Data.Common.DbCommand command = context.Database.GetDbConnection().CreateCommand();
        command.CommandText = sql;
        using System.Data.Common.DbDataReader reader = command.ExecuteReader();
        List<string> lines = [];
        while (reader.Read())
        {
            lines.Add(string.Join('|', Enumerable.Range(0, reader.FieldCount).Select(i => reader.IsDBNull(i) ? "NULL" : Convert.ToString(reader.GetValue(i)))));
        }

        return [.. lines];
    }

    /// <summary>Runs SQL.</summary>
    public static void Run(this DbContext context, string sql) => context.Database.ExecuteSqlRaw(sql);
}
