using System.ComponentModel.DataAnnotations;
using ChunkSync.EntityFrameworkCore.Tests.Host;

namespace ChunkSync.EntityFrameworkCore.Tests.Saving;

/// <summary>SaveChanges on synced tables, with RETURNING and without: what it reads back is right, and what it writes is captured.</summary>
public sealed class SaveTests : IDisposable
{
    private readonly TempFolder folder = new();

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task Other_replica_has_the_rows_when_changes_are_saved(bool keepsReturning)
    {
        using VersionedContext one = Open("one.db", keepsReturning);
        using VersionedContext other = Open("other.db", keepsReturning);
        Order order = new() { Name = "first", Lines = [new Line { Text = "x" }, new Line { Text = "y" }] };
        one.Add(order);
        one.SaveChanges();
        Assert.Equal(("open", 1), (order.State, order.Number));
        Assert.Equal(["open|1"], one.Lines("SELECT State, Number FROM Orders"));
        await Replicas.SettleAsync(one, other);

        order.Name = "second";
        order.Lines.RemoveAt(0);
        one.SaveChanges();
        await Replicas.SettleAsync(one, other);
        Order there = other.Set<Order>().Include(each => each.Lines).Single();
        Assert.Equal(("second", "open", "y"), (there.Name, there.State, Assert.Single(there.Lines).Text));

        // The order goes with its line, on both sides; the other one has no order any more.
        other.Remove(there);
        other.SaveChanges();
        await Replicas.SettleAsync(one, other);
        Assert.Equal(["x|NULL"], one.Lines("SELECT Text, OrderId FROM Lines"));
        Assert.Empty(one.Lines("SELECT * FROM Orders"));
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task Concurrency_is_noticed_when_a_received_change_came_between(bool keepsReturning)
    {
        using VersionedContext one = Open("one.db", keepsReturning);
        using VersionedContext other = Open("other.db", keepsReturning);
        one.Add(new Order { Id = "o", Name = "first", Stamp = "1" });
        one.SaveChanges();
        await Replicas.SettleAsync(one, other);
        Order here = one.Set<Order>().Single();
        Order there = other.Set<Order>().Single();
        there.Name = "theirs";
        there.Stamp = "2";
        other.SaveChanges();
        await Replicas.SendAsync(other, one);
        here.Name = "mine";
        here.Stamp = "3";
        Assert.Throws<DbUpdateConcurrencyException>(() => one.SaveChanges());
        one.Entry(here).Reload();
        here.Name += " and mine";
        one.SaveChanges();
        await Replicas.SettleAsync(one, other);
        Assert.Equal(["theirs and mine"], other.Lines("SELECT Name FROM Orders"));
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void Nothing_is_captured_when_a_batch_is_refused(bool keepsReturning)
    {
        using VersionedContext context = Open("one.db", keepsReturning);
        context.Add(new Order { Id = "o", Name = "first" });
        context.SaveChanges();
        string[] before = context.Lines("SELECT * FROM cloudsync_changes");
        context.AddRange(new Order { Id = "p", Name = "fits" }, new Line { Id = "l", Text = "refused", OrderId = "nobody" });
        Assert.Throws<DbUpdateException>(() => context.SaveChanges());
        Assert.Equal(before, context.Lines("SELECT * FROM cloudsync_changes"));
        context.ChangeTracker.Clear();
        context.Add(new Order { Id = "p", Name = "alone" });
        context.SaveChanges();
        Assert.Equal(before.Length * 2, context.Lines("SELECT * FROM cloudsync_changes").Length);
    }

    public void Dispose() => folder.Dispose();

    private VersionedContext Open(string file, bool keepsReturning)
    {
        VersionedContext context = VersionedContext.On(folder[file], ("orders", keepsReturning), model =>
        {
            void Configure(SyncedTableBuilder sync) => _ = keepsReturning ? sync.KeepReturning() : sync;
            model.Entity<Order>().ToTable("Orders").IsSynced(Configure);
            model.Entity<Order>().Property(order => order.State).HasDefaultValue("open");
            model.Entity<Order>().Property(order => order.Number).HasDefaultValueSql("1");
            model.Entity<Line>().ToTable("Lines").IsSynced(Configure);
            model.Entity<Order>().HasMany(order => order.Lines).WithOne().HasForeignKey(line => line.OrderId).OnDelete(DeleteBehavior.Cascade);
        });
        context.Database.EnsureCreated();
        return context;
    }

    public sealed class Order
    {
        public string? Id { get; set; }

        public string Name { get; set; } = "";

        public string? State { get; set; }

        public int? Number { get; set; }

        [ConcurrencyCheck]
        public string? Stamp { get; set; }

        public List<Line> Lines { get; set; } = [];
    }

    public sealed class Line
    {
        public string? Id { get; set; }

        public string Text { get; set; } = "";

        public string? OrderId { get; set; }
    }
}
