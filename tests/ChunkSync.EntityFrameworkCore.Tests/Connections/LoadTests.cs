using ChunkSync.EntityFrameworkCore.Tests.Host;
using Microsoft.Data.Sqlite;
using Microsoft.Extensions.DependencyInjection;

namespace ChunkSync.EntityFrameworkCore.Tests.Connections;

/// <summary>The engine is on every connection of a context.</summary>
public sealed class LoadTests : IDisposable
{
    private readonly TempFolder folder = new();

    [Fact]
    public void Connection_that_was_opened_before_has_the_engine()
    {
        using SqliteConnection connection = new("Data Source=:memory:");
        connection.Open();
        using VersionedContext context = VersionedContext.On(connection, "notes", Notes);
        context.Database.EnsureCreated();
        context.Add(new Note { Text = "one" });
        context.SaveChanges();
        Assert.Equal(["1"], context.Lines("SELECT count(*) FROM cloudsync_changes"));
        Assert.Equal(1, connection.ChunkSync().DbVersion);
    }

    [Fact]
    public void Order_of_the_options_does_not_matter()
    {
        DbContextOptions<NoteContext> options = new DbContextOptionsBuilder<NoteContext>().UseChunkSync().UseSqlite($"Data Source={folder["a.db"]};Pooling=False").Options;
        using NoteContext context = new(options);
        context.Database.EnsureCreated();
        Assert.Equal(["Notes"], context.Lines("SELECT DISTINCT tbl_name FROM cloudsync_table_settings"));
        using NoteContext native = new(new DbContextOptionsBuilder<NoteContext>().UseSqlite($"Data Source={folder["a.db"]};Pooling=False")
            .UseChunkSync(new LoadOptions { UseNativeLibrary = true, NativeLibraryPath = "no such library" }).Options);
        Assert.ThrowsAny<Exception>(() => native.Database.OpenConnection());
    }

    [Fact]
    public async Task Pooled_contexts_and_connections_have_the_engine()
    {
        ServiceCollection services = new();
        services.AddDbContextPool<NoteContext>(options => options.UseSqlite($"Data Source={folder["pool.db"]}").UseChunkSync());
        await using ServiceProvider provider = services.BuildServiceProvider();
        using (IServiceScope scope = provider.CreateScope())
        {
            await scope.ServiceProvider.GetRequiredService<NoteContext>().Database.EnsureCreatedAsync();
        }

        for (int i = 0; i < 50; i++)
        {
            using IServiceScope scope = provider.CreateScope();
            NoteContext context = scope.ServiceProvider.GetRequiredService<NoteContext>();
            context.Add(new Note { Text = $"note {i}" });
            await context.SaveChangesAsync();
        }

        await Task.WhenAll(Enumerable.Range(0, 4).Select(task => Task.Run(async () =>
        {
            using IServiceScope scope = provider.CreateScope();
            NoteContext context = scope.ServiceProvider.GetRequiredService<NoteContext>();
            context.Add(new Note { Text = $"task {task}" });
            await context.SaveChangesAsync();
        })));
        using (IServiceScope scope = provider.CreateScope())
        {
            NoteContext context = scope.ServiceProvider.GetRequiredService<NoteContext>();
            Assert.Equal(["54"], context.Lines("SELECT count(*) FROM cloudsync_changes WHERE col_name = 'text'"));
        }

        SqliteConnection.ClearAllPools();
    }

    [Fact]
    public void Database_is_deleted_and_made_again()
    {
        using VersionedContext context = VersionedContext.On(folder["a.db"], "notes", Notes);
        for (int i = 0; i < 2; i++)
        {
            Assert.True(context.Database.EnsureCreated());
            Assert.False(context.Database.EnsureCreated());
            context.Add(new Note { Text = "one" });
            context.SaveChanges();
            Assert.Equal(["1"], context.Lines("SELECT count(*) FROM cloudsync_changes"));
            context.Database.CloseConnection();
            Assert.True(context.Database.EnsureDeleted());
        }
    }

    public void Dispose() => folder.Dispose();

    private static void Notes(ModelBuilder model) => model.Entity<Note>();

    [Synced]
    public sealed class Note
    {
        public string? Id { get; set; }

        public string Text { get; set; } = "";
    }

    public sealed class NoteContext(DbContextOptions<NoteContext> options) : DbContext(options)
    {
        public DbSet<Note> Notes => Set<Note>();
    }
}
