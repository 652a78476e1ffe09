using ChunkSync.Client;
using ChunkSync.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore.Infrastructure;
using Microsoft.EntityFrameworkCore.Migrations;

// Two devices with one entity type: what one of them saves is on the other one after one send.
string folder = Directory.CreateTempSubdirectory("chunksync-ef").FullName;
using Shop phone = new(Path.Combine(folder, "phone.db"));
using Shop server = new(Path.Combine(folder, "server.db"));
foreach (Shop device in new[] { phone, server })
{
    device.Database.EnsureCreated();
    device.Database.OpenConnection();
}

phone.Items.Add(new Item { Name = "apple", Price = 1.5 });
phone.SaveChanges();
SyncDatabase sync = phone.Database.ChunkSync();
await foreach (Chunk chunk in sync.ReadAsync(new ChunkWindow(since: 0)))
{
    await server.Database.ChunkSync().ReceiveAsync(chunk.ToEnvelope(sync.Site));
}

Item received = server.Items.Single();
Console.WriteLine($"{received.Name} costs {received.Price} on both; Entity Framework Core {typeof(DbContext).Assembly.GetName().Version}");
bool isRight = received.Name == "apple" && Guid.Parse(received.Id!).Version == 7 && phone.GetService<IMigrationsSqlGenerator>() != null;
phone.Database.CloseConnection();
server.Database.CloseConnection();
Directory.Delete(folder, recursive: true);
return isRight ? 0 : 1;

public sealed class Item
{
    public string? Id { get; set; }

    public string Name { get; set; } = "";

    public double Price { get; set; }
}

public sealed class Shop(string file) : DbContext
{
    public DbSet<Item> Items => Set<Item>();

    protected override void OnConfiguring(DbContextOptionsBuilder optionsBuilder) =>
        optionsBuilder.UseSqlite($"Data Source={file};Pooling=False").UseChunkSync();

    protected override void OnModelCreating(ModelBuilder modelBuilder) => modelBuilder.Entity<Item>().IsSynced();
}
