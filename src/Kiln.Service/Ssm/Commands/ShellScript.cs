using System.Globalization;
using System.Text;
using System.Text.RegularExpressions;

namespace Kiln.Service.Ssm.Commands;

/// <summary>The document AWS-RunShellScript: what its parameters become inside a machine.</summary>
/// <remarks>
/// A script runs at most once, whatever happens to Kiln or to the agent meanwhile: the folder of its command is made
/// once, and whoever comes again waits for the exit code in it. Output is cut inside the machine, so that a script
/// which prints without end costs nobody else anything.
/// </remarks>
public static partial class ShellScript
{
    /// <summary>The document's name.</summary>
    public const string DocumentName = "AWS-RunShellScript";

    /// <summary>The default of executionTimeout, and its most: two days.</summary>
    public const int SecondsDefault = 3600, SecondsMax = 172_800;

    /// <summary>The most a script may have: SSM's limit for parameters is near it.</summary>
    public const int BytesMax = 64 * 1024;

    // Arguments: the command's folder, seconds, the working directory. The script comes by standard input.
    private const string Wrapper =
        """
        d=$1 t=$2 w=$3 n=0
        mkdir -p "${d%/*}" && chmod 700 "${d%/*}" || exit
        if mkdir "$d" 2>/dev/null; then
          cat >"$d/script" && chmod 700 "$d/script" || exit
          run="sh $d/script"
          [ "$(head -c 2 "$d/script")" = '#!' ] && run=$d/script
          cd "${w:-/}" >"$d/out" 2>"$d/err" && {
            setsid timeout -k 10 "$t" $run >"$d/out" 2>"$d/err" </dev/null &
            echo $! >"$d/pid"
            wait $!
          }
          c=$?
          case $c in 124|137|143) kill -KILL "-$(cat "$d/pid")" 2>/dev/null ;; esac
          echo $c >"$d/code.new"
          mv "$d/code.new" "$d/code"
        fi
        until [ -e "$d/code" ]; do
          [ $((n += 1)) -le $((t + 60)) ] || { echo "It began, and was not heard of again." >&2; exit 1; }
          sleep 1
        done
        head -c 98304 "$d/out"
        head -c 32768 "$d/err" >&2
        exit "$(cat "$d/code")"
        """;

    // A script that has not begun never does. One that has ends with all that it started, by force after a while.
    private const string Killer =
        """
        d=$1 n=0
        mkdir -p "${d%/*}" && chmod 700 "${d%/*}" || exit
        if mkdir "$d" 2>/dev/null; then
          : >"$d/out" 2>"$d/err"
          echo 143 >"$d/code"
          exit
        fi
        until [ -s "$d/pid" ]; do
          [ $((n += 1)) -le 10 ] || exit
          sleep 1
        done
        p=$(cat "$d/pid")
        kill -TERM "-$p" || exit
        sleep 5
        kill -KILL "-$p"
        """;

    /// <summary>The arguments of /bin/sh that run a command's script.</summary>
    public static IReadOnlyList<string> Run(RunCommand command) =>
    [
        "-c", Wrapper, "sh", Folder(command), Seconds(command.Parameters).ToString(CultureInfo.InvariantCulture),
        One(command.Parameters, "workingDirectory") ?? "",
    ];

    /// <summary>The arguments of /bin/sh that end a command's script.</summary>
    public static IReadOnlyList<string> Kill(RunCommand command) => ["-c", Killer, "sh", Folder(command)];

    /// <summary>The script.</summary>
    public static byte[] Input(RunCommand command) =>
        Encoding.UTF8.GetBytes(string.Join('\n', command.Parameters["commands"]) + "\n");

    /// <summary>How long the script may run.</summary>
    public static int Seconds(IReadOnlyDictionary<string, IReadOnlyList<string>> parameters) =>
        One(parameters, "executionTimeout") is { } text
            ? int.Parse(text, CultureInfo.InvariantCulture) : SecondsDefault;

    /// <summary>Refuses parameters that the document does not have, or values that it does not take.</summary>
    /// <exception cref="Protocol.Errors.AwsException">InvalidParameters.</exception>
    public static void Check(IReadOnlyDictionary<string, IReadOnlyList<string>> parameters)
    {
        if (parameters.Keys.FirstOrDefault(
            k => k is not ("commands" or "workingDirectory" or "executionTimeout")) is { } unknown)
            throw Invalid($"{DocumentName} has no parameter {(unknown.Length > 40 ? unknown[..40] : unknown)}.");
        if (!parameters.TryGetValue("commands", out var lines) || lines.Count == 0)
            throw Invalid("The parameter commands is required.");
        if (lines.Sum(l => Encoding.UTF8.GetByteCount(l) + 1) > BytesMax)
            throw Invalid($"commands may have {BytesMax} bytes together.");
        if (lines.FirstOrDefault(l => ParameterReference().IsMatch(l)) is { } line)
        {
            throw Invalid($"Kiln does not put parameters into commands ({ParameterReference().Match(line).Value}): "
                + "read them with GetParameter.");
        }
        if (parameters.FirstOrDefault(p => p.Key != "commands" && p.Value.Count > 1).Key is { } single)
            throw Invalid($"{single} takes one value.");
        var folder = One(parameters, "workingDirectory");
        if (folder?.Length > 4096 || lines.Append(folder).Any(l => l?.Contains('\0', StringComparison.Ordinal) == true))
            throw Invalid("A command or folder has a NUL character, or the folder is too long.");
        if (One(parameters, "executionTimeout") is { } text && !(int.TryParse(text, NumberStyles.None,
            CultureInfo.InvariantCulture, out var seconds) && seconds is >= 1 and <= SecondsMax))
            throw Invalid($"executionTimeout is a number of seconds from 1 to {SecondsMax}.");
    }

    // Systems Manager User Guide "Working with parameters in Run Command commands".
    [GeneratedRegex(@"\{\{\s*ssm(-secure)?:[^}]{1,64}\}\}", RegexOptions.NonBacktracking)]
    private static partial Regex ParameterReference();

    private static Protocol.Errors.AwsException Invalid(string message) => SsmError.Of("InvalidParameters", message);

    private static string? One(IReadOnlyDictionary<string, IReadOnlyList<string>> parameters, string name) =>
        parameters.TryGetValue(name, out var values) && values is [{ Length: > 0 } value, ..] ? value : null;

    // Not below /tmp: nobody else in the machine may make it first.
    private static string Folder(RunCommand command) => $"/var/lib/kiln-commands/{command.Id}";
}
