// begin ef-usings
using ChunkSync.Client;
using ChunkSync.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore;
// end

namespace ChunkSync.EntityFrameworkCore.Tests.Examples;

#pragma warning disable IDE0005 // What the page shows has its usings with it.

/// <summary>The blocks of docs/efcore.md.</summary>
internal static class EfCoreExamples
{
    // begin ef-context
    public sealed class Item
    {
        public string? Id { get; set; } // a UUID of version 7, where it is null

        public string Name { get; set; } = "";

        public double Price { get; set; }
    }

    public sealed class ShopContext(DbContextOptions<ShopContext> options) : DbContext(options)
    {
        public DbSet<Item> Items => Set<Item>();

        protected override void OnModelCreating(ModelBuilder modelBuilder) => modelBuilder.Entity<Item>().IsSynced();
    }
    // end

    // begin ef-options
    public static ShopContext Open(string file)
    {
        DbContextOptions<ShopContext> options = new DbContextOptionsBuilder<ShopContext>()
            .UseSqlite($"Data Source={file}")
            .UseChunkSync()
            .Options;
        return new ShopContext(options);
    }
    // end

    // begin ef-sync
    public static async Task<long> SendAsync(ShopContext context, long since, Stream network, CancellationToken ct)
    {
        await context.Database.OpenConnectionAsync(ct);
        SyncDatabase sync = context.Database.ChunkSync();
        await foreach (Chunk chunk in sync.ReadAsync(new ChunkWindow(since), cancellationToken: ct))
        {
            await chunk.ToEnvelope(sync.Site).WriteToAsync(network, ct);
            since = chunk.Watermark;
        }

        return since;
    }

    public static async Task ReceiveAsync(ShopContext context, Stream network, CancellationToken ct)
    {
        await context.Database.OpenConnectionAsync(ct);
        while (await ChunkEnvelope.ReadFromAsync(network, ct) is ChunkEnvelope chunk)
        {
            await context.Database.ChunkSync().ReceiveAsync(chunk, ct);
        }

        context.ChangeTracker.Clear(); // what was loaded before may be old
    }
    // end

    // begin ef-configure
    public static void Configure(ModelBuilder modelBuilder)
    {
        modelBuilder.Entity<LogLine>().IsSynced(sync => sync.GrowOnly()); // rows are only added
        modelBuilder.Entity<Country>().IsSynced(sync => sync.AllowIntegerKey().KeepReturning());
    }
    // end

    // begin ef-attribute
    [Synced(GrowOnly = true)]
    public sealed class LogLine
    {
        public Guid Id { get; set; }

        public string Text { get; set; } = "";
    }
    // end

    public sealed class Country
    {
        public int Id { get; set; }
    }
}
