using Microsoft.EntityFrameworkCore.Infrastructure;
using Microsoft.EntityFrameworkCore.Migrations;

namespace ChunkSync.EntityFrameworkCore.Tests.Migrations;

/// <summary>A context with migrations as <c>dotnet ef migrations add</c> writes them: its models are those of <see cref="Shop"/>.</summary>
public sealed class MigratedContext(DbContextOptions<MigratedContext> options) : DbContext(options)
{
    /// <summary>A context on a file.</summary>
    public static MigratedContext Open(string file) =>
        new(new DbContextOptionsBuilder<MigratedContext>().UseSqlite($"Data Source={file};Pooling=False").UseChunkSync().Options);

    protected override void OnModelCreating(ModelBuilder modelBuilder) => Shop.Build(modelBuilder, 3);

    [DbContext(typeof(MigratedContext))]
    [Migration("20260101000000_First")]
    public sealed class First : Migration
    {
        protected override void Up(MigrationBuilder migrationBuilder)
        {
            ArgumentNullException.ThrowIfNull(migrationBuilder);
            migrationBuilder.CreateTable(
                name: "Author",
                columns: table => new
                {
                    Id = table.Column<string>(type: "TEXT", nullable: false),
                    Name = table.Column<string>(type: "TEXT", nullable: true),
                    Note = table.Column<string>(type: "TEXT", nullable: true),
                },
                constraints: table => table.PrimaryKey("PK_Author", author => author.Id)).Annotation("ChunkSync:Synced", "cls");
            migrationBuilder.CreateTable(
                name: "Book",
                columns: table => new
                {
                    Id = table.Column<string>(type: "TEXT", nullable: false),
                    AuthorId = table.Column<string>(type: "TEXT", nullable: true),
                    Price = table.Column<string>(type: "TEXT", nullable: true),
                    Old = table.Column<string>(type: "TEXT", nullable: true),
                },
                constraints: table =>
                {
                    table.PrimaryKey("PK_Book", book => book.Id);
                    table.ForeignKey("FK_Book_Author_AuthorId", book => book.AuthorId, "Author", "Id", onDelete: ReferentialAction.Cascade);
                }).Annotation("ChunkSync:Synced", "cls");
        }

        protected override void Down(MigrationBuilder migrationBuilder)
        {
            ArgumentNullException.ThrowIfNull(migrationBuilder);
            migrationBuilder.DropTable(name: "Book").Annotation("ChunkSync:Synced", "cls");
            migrationBuilder.DropTable(name: "Author").Annotation("ChunkSync:Synced", "cls");
        }

        protected override void BuildTargetModel(ModelBuilder modelBuilder) => Snapshot(modelBuilder, 1);
    }

    [DbContext(typeof(MigratedContext))]
    [Migration("20260102000000_Second")]
    public sealed class Second : Migration
    {
        protected override void Up(MigrationBuilder migrationBuilder)
        {
            ArgumentNullException.ThrowIfNull(migrationBuilder);
            migrationBuilder.RenameColumn(name: "Name", table: "Author", newName: "Title");
            migrationBuilder.AddColumn<int>(name: "Born", table: "Author", type: "INTEGER", nullable: false, defaultValue: 0);
            migrationBuilder.AddColumn<string>(name: "Isbn", table: "Book", type: "TEXT", nullable: true, defaultValue: "none");
            migrationBuilder.CreateIndex(name: "IX_Book_Isbn", table: "Book", column: "Isbn");
            migrationBuilder.Sql("UPDATE Book SET Isbn = 'of ' || Id;");
        }

        protected override void Down(MigrationBuilder migrationBuilder)
        {
            ArgumentNullException.ThrowIfNull(migrationBuilder);
            migrationBuilder.DropIndex(name: "IX_Book_Isbn", table: "Book");
            migrationBuilder.DropColumn(name: "Isbn", table: "Book");
            migrationBuilder.DropColumn(name: "Born", table: "Author");
            migrationBuilder.RenameColumn(name: "Title", table: "Author", newName: "Name");
        }

        protected override void BuildTargetModel(ModelBuilder modelBuilder) => Snapshot(modelBuilder, 2);
    }

    [DbContext(typeof(MigratedContext))]
    [Migration("20260103000000_Third")]
    public sealed class Third : Migration
    {
        protected override void Up(MigrationBuilder migrationBuilder)
        {
            ArgumentNullException.ThrowIfNull(migrationBuilder);
            migrationBuilder.DropColumn(name: "Old", table: "Book");
            migrationBuilder.AlterColumn<string>(
                name: "Note", table: "Author", type: "TEXT", nullable: false, defaultValue: "", oldClrType: typeof(string), oldType: "TEXT", oldNullable: true);
        }

        protected override void Down(MigrationBuilder migrationBuilder)
        {
            ArgumentNullException.ThrowIfNull(migrationBuilder);
            migrationBuilder.AddColumn<string>(name: "Old", table: "Book", type: "TEXT", nullable: true);
            migrationBuilder.AlterColumn<string>(
                name: "Note", table: "Author", type: "TEXT", nullable: true, oldClrType: typeof(string), oldType: "TEXT", oldDefaultValue: "");
        }

        protected override void BuildTargetModel(ModelBuilder modelBuilder) => Snapshot(modelBuilder, 3);
    }

    [DbContext(typeof(MigratedContext))]
    private sealed class ModelNow : ModelSnapshot
    {
        protected override void BuildModel(ModelBuilder modelBuilder) => Snapshot(modelBuilder, 3);
    }

    /// <summary>A model as a snapshot writes it: no convention completes it.</summary>
    private static void Snapshot(ModelBuilder modelBuilder, int version)
    {
        modelBuilder.Entity("Author", author =>
        {
            author.HasAnnotation("ChunkSync:Synced", "cls");
            author.Property<string>("Id").ValueGeneratedOnAdd().HasColumnType("TEXT");
            author.Property<string>(version >= 2 ? "Title" : "Name").HasColumnType("TEXT");
            if (version >= 2)
            {
                author.Property<int>("Born").HasColumnType("INTEGER").HasDefaultValue(0);
            }

            if (version >= 3)
            {
                author.Property<string>("Note").IsRequired().HasColumnType("TEXT").HasDefaultValue("");
            }
            else
            {
                author.Property<string>("Note").HasColumnType("TEXT");
            }

            author.HasKey("Id");
            author.ToTable("Author");
        });
        modelBuilder.Entity("Book", book =>
        {
            book.HasAnnotation("ChunkSync:Synced", "cls");
            book.Property<string>("Id").ValueGeneratedOnAdd().HasColumnType("TEXT");
            book.Property<string>("AuthorId").HasColumnType("TEXT");
            book.Property<string>("Price").HasColumnType("TEXT");
            if (version < 3)
            {
                book.Property<string>("Old").HasColumnType("TEXT");
            }

            if (version >= 2)
            {
                book.Property<string>("Isbn").ValueGeneratedOnAdd().HasColumnType("TEXT").HasDefaultValue("none");
                book.HasIndex("Isbn");
            }

            book.HasKey("Id");
            book.HasIndex("AuthorId");
            book.ToTable("Book");
            book.HasOne("Author", null).WithMany().HasForeignKey("AuthorId").OnDelete(DeleteBehavior.Cascade);
        });
    }
}
