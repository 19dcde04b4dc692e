using System.Text.Json;
using System.Text.Json.Nodes;
using Spectre.Console;

namespace Kiln.Cli.Output;

/// <summary>Where a verb prints: results on standard output, everything else on standard error.</summary>
/// <remarks>Without a terminal, under NO_COLOR or --no-color, it is plain text; at most 100 columns wide.</remarks>
public sealed class Screen
{
    /// <summary>The widest line: what fits beside another window, and into a README.</summary>
    public const int ColumnsMax = 100;

    /// <summary>How documents are written for people to read too.</summary>
    internal static readonly JsonSerializerOptions Indented = new()
    {
        WriteIndented = true,
        // Names of files and people stay legible; nothing here goes into a web page.
        Encoder = System.Text.Encodings.Web.JavaScriptEncoder.UnsafeRelaxedJsonEscaping,
    };

    private readonly TextWriter _out, _error;

    /// <summary>Makes a screen.</summary>
    /// <param name="output">Results.</param>
    /// <param name="error">Progress and messages.</param>
    /// <param name="terminal">Whether a person watches standard error.</param>
    /// <param name="color">Whether colours are wanted.</param>
    public Screen(TextWriter output, TextWriter error, bool terminal, bool color)
    {
        (_out, _error) = (output, error);
        IsTerminal = terminal;
        Output = Make(output, !Console.IsOutputRedirected && output == Console.Out, color);
        Error = Make(error, terminal, color);
    }

    /// <summary>The process's own.</summary>
    /// <param name="noColor">Whether --no-color was given.</param>
    public static Screen OfProcess(bool noColor = false) => new(
        Console.Out, Console.Error, !Console.IsErrorRedirected && Environment.GetEnvironmentVariable("TERM") != "dumb",
        !noColor && string.IsNullOrEmpty(Environment.GetEnvironmentVariable("NO_COLOR")));

    /// <summary>Whether a person watches: then there are progress bars.</summary>
    public bool IsTerminal { get; }

    /// <summary>Results.</summary>
    public IAnsiConsole Output { get; }

    /// <summary>Progress and messages.</summary>
    public IAnsiConsole Error { get; }

    /// <summary>Prints a result line, as it is.</summary>
    public void Line(string text = "") => _out.WriteLine(text);

    /// <summary>Prints a message line on standard error, as it is: a command in it can be copied.</summary>
    public void Say(string text) => _error.WriteLine(text);

    /// <summary>Prints a document.</summary>
    public void Json(JsonNode node) => _out.WriteLine(node.ToJsonString(Indented));

    /// <summary>Prints a table.</summary>
    /// <param name="columns">Headings.</param>
    /// <param name="rows">Cells.</param>
    public void Table(IReadOnlyList<string> columns, IEnumerable<IReadOnlyList<string>> rows)
    {
        var table = new Table { Border = TableBorder.None, ShowRowSeparators = false };
        foreach (var column in columns)
        {
            var heading = new Text(column, new Style(decoration: Decoration.Bold));
            table.AddColumn(new TableColumn(heading) { Padding = new Padding(0, 0, 2, 0) });
        }
        foreach (var row in rows)
            table.AddRow(row.Select(cell => new Text(cell)));
        Output.Write(table);
    }

    private static IAnsiConsole Make(TextWriter writer, bool terminal, bool color)
    {
        var console = AnsiConsole.Create(new AnsiConsoleSettings
        {
            Ansi = terminal ? AnsiSupport.Detect : AnsiSupport.No,
            ColorSystem = terminal && color ? ColorSystemSupport.Detect : ColorSystemSupport.NoColors,
            Interactive = terminal ? InteractionSupport.Detect : InteractionSupport.No,
            Out = new AnsiConsoleOutput(writer),
        });
        if (!terminal || console.Profile.Width > ColumnsMax)
            console.Profile.Width = ColumnsMax;
        return console;
    }
}
