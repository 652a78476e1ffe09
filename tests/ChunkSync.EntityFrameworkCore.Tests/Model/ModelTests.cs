using ChunkSync.EntityFrameworkCore.Tests.Host;
using Microsoft.EntityFrameworkCore.Infrastructure;
using Microsoft.EntityFrameworkCore.Metadata;

namespace ChunkSync.EntityFrameworkCore.Tests.Model;

/// <summary>What IsSynced makes of a model.</summary>
public sealed class ModelTests
{
    [Fact]
    public void Integer_key_is_refused_with_how_to_go_on()
    {
        InvalidOperationException failure = Assert.Throws<InvalidOperationException>(() => Build(model => model.Entity<Numbered>().IsSynced()).Model);
        Assert.StartsWith("Table Numbered uses a single-column INTEGER primary key. For CRDT replication, primary keys must be globally unique", failure.Message, StringComparison.Ordinal);
        Assert.Contains("Make Numbered.Id a string or a Guid", failure.Message, StringComparison.Ordinal);
        Assert.Contains("IsSynced(s => s.AllowIntegerKey())", failure.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Integer_key_is_taken_when_the_model_says_so()
    {
        using VersionedContext context = Build(model => model.Entity<Numbered>().IsSynced(sync => sync.AllowIntegerKey()));
        Assert.Contains("SELECT cloudsync_init('Numbered', 'cls', 1);", Evolution.Sql(null, context));
    }

    [Fact]
    public void Type_without_key_or_table_is_refused()
    {
        Assert.Contains("has no key", Assert.Throws<InvalidOperationException>(
            () => Build(model => model.Entity<Everything>().HasNoKey().IsSynced()).Model).Message, StringComparison.Ordinal);
        Assert.Contains("has no table of its own", Assert.Throws<InvalidOperationException>(
            () => Build(model => model.Entity<Everything>().ToView("v").IsSynced()).Model).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Keys_are_uuids_of_version_7_when_they_have_no_value()
    {
        using TempFolder folder = new();
        using VersionedContext context = VersionedContext.On(folder["a.db"], "keys", model =>
        {
            model.Entity<Texted>().IsSynced();
            model.Entity<Guided>().IsSynced();
        });
        context.Database.EnsureCreated();
        Texted first = new();
        Texted second = new();
        Guided guided = new();
        context.AddRange(first, second, guided, new Texted { Id = "mine" });
        context.SaveChanges();
        Assert.Equal(7, Guid.Parse(first.Id!).Version);
        Assert.Equal(7, guided.Id.Version);
        Assert.NotEqual(first.Id, second.Id);
        Assert.Equal(["mine"], context.Lines("SELECT Id FROM Texted WHERE length(Id) < 36"));
    }

    /// <summary>The code of a compiled model calls a factory by the name of its type, and has no other way to a generator.</summary>
    [Fact]
    public void Keys_come_from_a_public_factory_that_a_compiled_model_can_name()
    {
        using VersionedContext context = Build(model =>
        {
            model.Entity<Texted>().IsSynced();
            model.Entity<Guided>().IsSynced();
        });
        foreach (IEntityType type in context.GetService<IDesignTimeModel>().Model.GetEntityTypes())
        {
            IProperty key = type.FindPrimaryKey()!.Properties[0];
            Assert.Equal(typeof(Uuid7GeneratorFactory), key["ValueGeneratorFactoryType"]);
            Assert.Equal(key.ClrType == typeof(Guid), new Uuid7GeneratorFactory().Create(key, type).Next(context.Entry(Activator.CreateInstance(type.ClrType)!)) is Guid);
        }
    }

    [Fact]
    public void Keys_are_left_alone_when_the_model_makes_them()
    {
        using VersionedContext context = Build(model =>
        {
            model.Entity<Texted>().IsSynced().Property(texted => texted.Id).ValueGeneratedNever();
            model.Entity<Guided>().IsSynced().Property(guided => guided.Id).HasDefaultValueSql("randomblob(16)");
        });
        Assert.Equal(ValueGenerated.Never, context.Model.FindEntityType(typeof(Texted))!.FindProperty("Id")!.ValueGenerated);
        Assert.Null(context.Model.FindEntityType(typeof(Guided))!.FindProperty("Id")!.GetValueGeneratorFactory());
    }

    [Fact]
    public void Required_columns_get_the_default_of_their_type_in_the_store_alone()
    {
        using TempFolder folder = new();
        using VersionedContext context = VersionedContext.On(folder["a.db"], "required", model => model.Entity<Everything>(entity =>
        {
            entity.IsSynced();
            entity.Property(all => all.Kind).HasConversion<string>();
            entity.Property(all => all.Chosen).HasDefaultValue(7);
        }));
        context.Database.EnsureCreated();
        Assert.Equal(
            [
                "Amount|'0.0'", "At|'0001-01-01 00:00:00'", "Bytes|X''", "Chosen|7", "Count|0", "Kind|'None'", "Name|''", "Ratio|0.0", "Truth|0",
            ],
            context.Lines("SELECT name, dflt_value FROM pragma_table_info('Everything') WHERE pk = 0 AND \"notnull\" ORDER BY name"));

        // A value that is the default of its type is written like any other.
        Assert.Equal(ValueGenerated.Never, context.Model.FindEntityType(typeof(Everything))!.FindProperty("Count")!.ValueGenerated);
        context.Add(new Everything { Count = 0, Name = "x" });
        context.SaveChanges();

        // A row that arrives with its key alone can be read.
        context.Run("INSERT INTO Everything(Id) VALUES ('only the key')");
        Everything bare = context.Set<Everything>().AsNoTracking().Single(all => all.Id == "only the key");
        Assert.Equal((0, "", Kind.None, false, null), (bare.Count, bare.Name, bare.Kind, bare.Truth, bare.Maybe));
    }

    [Fact]
    public void Required_columns_stay_without_default_when_the_model_says_so()
    {
        using TempFolder folder = new();
        using VersionedContext context = VersionedContext.On(folder["a.db"], "not null", model => model.Entity<Everything>().IsSynced(sync => sync.AllowNotNull()));
        context.Database.EnsureCreated();
        Assert.Equal(["0"], context.Lines("SELECT count(dflt_value) FROM pragma_table_info('Everything')"));
        Assert.Equal(["Everything"], context.Lines("SELECT DISTINCT tbl_name FROM cloudsync_table_settings"));
    }

    [Fact]
    public void Attribute_says_what_IsSynced_says()
    {
        using VersionedContext context = Build(model => model.Entity<Logged>());
        Assert.Contains("SELECT cloudsync_init('Logged', 'gos', 7);", Evolution.Sql(null, context));
        Assert.True(context.GetService<IDesignTimeModel>().Model.FindEntityType(typeof(Logged))!.IsSqlReturningClauseUsed());
    }

    [Fact]
    public void Returning_is_off_unless_it_is_kept()
    {
        using VersionedContext context = Build(model =>
        {
            model.Entity<Texted>().IsSynced(sync => sync.AllowCollation());
            model.Entity<Guided>().IsSynced(sync => sync.GrowOnly().KeepReturning());
            model.Entity<Everything>();
        });
        IModel model = context.GetService<IDesignTimeModel>().Model;
        Assert.False(model.FindEntityType(typeof(Texted))!.IsSqlReturningClauseUsed());
        Assert.True(model.FindEntityType(typeof(Guided))!.IsSqlReturningClauseUsed());
        Assert.True(model.FindEntityType(typeof(Everything))!.IsSqlReturningClauseUsed());
    }

    [Fact]
    public void Owned_and_derived_types_share_the_conventions_of_their_table()
    {
        using TempFolder folder = new();
        using VersionedContext context = VersionedContext.On(folder["a.db"], "shared", model =>
        {
            model.Entity<Animal>().IsSynced();
            model.Entity<Dog>();
            model.Entity<Animal>().OwnsOne(animal => animal.Home).Property(home => home.Street).IsRequired();
            model.Entity<Animal>().Navigation(animal => animal.Home).IsRequired();
        });
        context.Database.EnsureCreated();
        context.Add(new Dog { Home = new Home { Street = "Lane" }, Barks = 3 });
        context.SaveChanges();
        Assert.Equal(["Barks|NULL", "Discriminator|''", "Home_Street|''"],
            context.Lines("SELECT name, dflt_value FROM pragma_table_info('Animal') WHERE name <> 'Id' ORDER BY name"));
        Assert.Equal(["3|Dog|Lane"], context.Lines("SELECT Barks, Discriminator, Home_Street FROM Animal"));
    }

    [Fact]
    public void Complex_properties_get_defaults_too()
    {
        using TempFolder folder = new();
        using VersionedContext context = VersionedContext.On(folder["a.db"], "complex", model =>
            model.Entity<Placed>().IsSynced().ComplexProperty(placed => placed.At, at => at.ComplexProperty(home => home.Point)));
        context.Database.EnsureCreated();
        context.Add(new Placed { At = new Address { Street = "Lane", Point = new Point { X = 2 } } });
        context.SaveChanges();
        Assert.Equal(["At_Point_X|0", "At_Street|''"], context.Lines("SELECT name, dflt_value FROM pragma_table_info('Placed') WHERE pk = 0 ORDER BY name"));
        Assert.Equal((2, "Lane"), (context.Set<Placed>().AsNoTracking().Single().At.Point.X, context.Set<Placed>().Single().At.Street));
    }

    [Fact]
    public void Another_database_is_refused()
    {
        DbContextOptions options = new DbContextOptionsBuilder().UseChunkSync().Options;
        Assert.Contains("UseSqlite", Assert.Throws<InvalidOperationException>(() => new DbContext(options)).Message, StringComparison.Ordinal);
    }

    private static VersionedContext Build(Action<ModelBuilder> build) => VersionedContext.On("never opened", new object(), build);

    public sealed class Numbered
    {
        public int Id { get; set; }
    }

    public sealed class Texted
    {
        public string? Id { get; set; }
    }

    public sealed class Guided
    {
        public Guid Id { get; set; }
    }

    [Synced(GrowOnly = true, AllowIntegerKey = true, AllowNotNull = true, AllowCollation = true, KeepReturning = true)]
    public sealed class Logged
    {
        public long Id { get; set; }
    }

    public enum Kind
    {
        None,
        Some,
    }

    public sealed class Everything
    {
        public string Id { get; set; } = "e";

        public string Name { get; set; } = "";

        public int Count { get; set; }

        public double Ratio { get; set; }

        public decimal Amount { get; set; }

        public bool Truth { get; set; }

        public DateTime At { get; set; }

        public byte[] Bytes { get; set; } = [];

        public Kind Kind { get; set; }

        public int Chosen { get; set; }

        public string? Maybe { get; set; }
    }

    public sealed class Placed
    {
        public string? Id { get; set; }

        public Address At { get; set; } = new();
    }

    public sealed class Address
    {
        public string Street { get; set; } = "";

        public Point Point { get; set; } = new();
    }

    public sealed class Point
    {
        public int X { get; set; }
    }

    public class Animal
    {
        public string? Id { get; set; }

        public Home Home { get; set; } = new();
    }

    public sealed class Dog : Animal
    {
        public int Barks { get; set; }
    }

    public sealed class Home
    {
        public string Street { get; set; } = "";
    }
}
