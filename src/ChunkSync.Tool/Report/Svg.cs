using System.Globalization;
using System.Net;
using System.Text;

namespace ChunkSync.Tool;

/// <summary>Writes a figure as SVG: marks with a title each, in a box of a fixed width that scales with the page.</summary>
/// <param name="label">What the figure shows, for those who do not see it.</param>
/// <param name="height">The height of the box; its width is <see cref="Width"/>.</param>
internal sealed class Svg(string label, double height)
{
    /// <summary>The width of every figure's box.</summary>
    public const double Width = 960;

    private readonly StringBuilder marks = new();

    /// <summary>A rectangle.</summary>
    /// <param name="x">Its left edge.</param>
    /// <param name="y">Its upper edge.</param>
    /// <param name="width">Its width.</param>
    /// <param name="length">Its height.</param>
    /// <param name="style">Its class: <c>bar</c>, <c>part</c> (hatched) or <c>cell</c>.</param>
    /// <param name="title">What it says when it is pointed at.</param>
    /// <param name="opacity">How strongly it is filled.</param>
    public void Rectangle(double x, double y, double width, double length, string style, string title, double opacity = 1)
    {
        string shade = opacity < 1 ? $" fill-opacity=\"{Number(opacity)}\"" : "";
        marks.Append($"<rect class=\"{style}\" x=\"{Number(x)}\" y=\"{Number(y)}\" width=\"{Number(Math.Max(width, 0.4))}\" height=\"{Number(length)}\"{shade}>")
            .Append($"<title>{Escape(title)}</title></rect>\n");
    }

    /// <summary>A line.</summary>
    public void Line(double x1, double y1, double x2, double y2, string title) => marks.Append(
        $"<line x1=\"{Number(x1)}\" y1=\"{Number(y1)}\" x2=\"{Number(x2)}\" y2=\"{Number(y2)}\"><title>{Escape(title)}</title></line>\n");

    /// <summary>A text.</summary>
    /// <param name="x">Where it is anchored.</param>
    /// <param name="y">Its base line.</param>
    /// <param name="text">The text.</param>
    /// <param name="anchor"><c>start</c>, <c>middle</c> or <c>end</c>.</param>
    public void Text(double x, double y, string text, string anchor = "start") =>
        marks.Append($"<text x=\"{Number(x)}\" y=\"{Number(y)}\" text-anchor=\"{anchor}\">{Escape(text)}</text>\n");

    /// <summary>Text of others as a part of the page.</summary>
    public static string Escape(string text) => WebUtility.HtmlEncode(Printable.Of(text));

    /// <inheritdoc/>
    public override string ToString() => $"<svg viewBox=\"0 0 {Number(Width)} {Number(height)}\" role=\"img\" aria-label=\"{Escape(label)}\">\n{marks}</svg>\n";

    private static string Number(double value) => value.ToString("0.##", CultureInfo.InvariantCulture);
}
