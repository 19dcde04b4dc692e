using System.Globalization;
using System.Net;
using System.Reflection;
using System.Text.Json;
using Kiln.Service;
using Kiln.Service.Ec2.Instances.Guests;
using Kiln.Service.Persistence;

namespace Kiln.Host;

/// <summary>Fills the options from defaults, kiln.json, KILN_* variables and arguments, in this order, and checks
/// them.</summary>
public static class OptionsReader
{
    /// <summary>Reads a settings file of up to this size: it holds a few dozen short values.</summary>
    private const int FileBytesMax = 64 * 1024;

    /// <summary>Reads and validates.</summary>
    /// <param name="arguments">Values given on the command line, by option name such as <c>listen</c>; they
    /// win.</param>
    /// <param name="environment">Reads an environment variable.</param>
    /// <param name="file">The settings file, or null for kiln.json in the working directory where there is one.</param>
    /// <exception cref="OptionsException">With a sentence for every value that is wrong.</exception>
    public static ServiceOptions Read(
        IReadOnlyDictionary<string, string> arguments, Func<string, string?> environment, string? file = null)
    {
        ArgumentNullException.ThrowIfNull(arguments);
        ArgumentNullException.ThrowIfNull(environment);
        var options = new ServiceOptions();
        var wrong = new List<string>();
        file ??= environment("KILN_CONFIG");
        var fromFile = FromFile(file, wrong);
        foreach (var property in Settable)
        {
            var name = OptionName(property.Name);
            var variable = "KILN_" + name.Replace('-', '_').ToUpperInvariant();
            if (arguments.TryGetValue(name, out var argument))
                Set(options, property, argument, $"--{name}", wrong);
            else if (environment(variable) is { Length: > 0 } value)
                Set(options, property, value, variable, wrong);
            else if (fromFile.Remove(name, out var text))
                Set(options, property, text, $"{file ?? "kiln.json"}: {name}", wrong);
            fromFile.Remove(name);
        }
        wrong.AddRange(fromFile.Keys.Select(key => $"{file ?? "kiln.json"}: there is no setting '{key}'."));
        if (wrong.Count == 0)
            wrong.AddRange(Validate(options));
        return wrong.Count == 0 ? options : throw new OptionsException(wrong);
    }

    /// <summary>An option's name on the command line and in kiln.json, e.g. <c>master-key</c>.</summary>
    public static string OptionName(string property) => string.Concat(
        property.Replace("MiB", "Mib", StringComparison.Ordinal).Select((c, i) =>
            (char.IsUpper(c) && i > 0 ? "-" : "") + char.ToLowerInvariant(c)));

    /// <summary>The properties that can be set.</summary>
    public static IEnumerable<PropertyInfo> Settable => typeof(ServiceOptions).GetProperties().Where(p => p.CanWrite);

    private static Dictionary<string, string> FromFile(string? path, List<string> wrong)
    {
        var values = new Dictionary<string, string>();
        if (path is null && !File.Exists("kiln.json"))
            return values;
        path ??= "kiln.json";
        try
        {
            if (new FileInfo(path).Length > FileBytesMax)
                throw new IOException($"larger than {FileBytesMax} bytes");
            using var document = JsonDocument.Parse(File.ReadAllBytes(path));
            foreach (var member in document.RootElement.EnumerateObject())
                values[member.Name] = member.Value.ValueKind == JsonValueKind.String
                    ? member.Value.GetString()!
                    : member.Value.GetRawText();
        }
        catch (Exception failure)
            when (failure is IOException or JsonException or InvalidOperationException or UnauthorizedAccessException)
        {
            wrong.Add($"{path} cannot be read as a JSON object of settings: {failure.Message}");
        }
        return values;
    }

    private static void Set(
        ServiceOptions options, PropertyInfo property, string text, string where, List<string> wrong)
    {
        if (property.PropertyType == typeof(string))
            property.SetValue(options, text);
        else if (property.PropertyType == typeof(bool) && bool.TryParse(text, out var flag))
            property.SetValue(options, flag);
        else if (property.PropertyType == typeof(int)
            && int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var number))
            property.SetValue(options, number);
        else
        {
            var wanted = property.PropertyType == typeof(bool) ? "true or false" : "a whole number of 0 or more";
            wrong.Add($"{where}: '{text}' is not {wanted}.");
        }
    }

    private static IEnumerable<string> Validate(ServiceOptions options)
    {
        if (!IPEndPoint.TryParse(options.Listen, out var listen)
            || !options.Listen.Contains(':', StringComparison.Ordinal))
            yield return $"--listen: '{options.Listen}' is not ADDRESS:PORT, such as 127.0.0.1:4566.";
        else if (options.Dev && !IPAddress.IsLoopback(listen.Address))
            yield return $"--dev: its well-known credentials are for loopback only; '{options.Listen}' "
                + "can be reached from elsewhere.";
        foreach (var sentence in ValidateGuests(options))
            yield return sentence;
        if (options.RegionList.Count == 0 || options.RegionList.Any(r => !IsRegionName(r)))
            yield return $"--regions: '{options.Regions}' is not a list of Region names such as us-east-1,eu-west-1.";
        if (options.RegionList.Distinct().Count() != options.RegionList.Count)
            yield return "--regions: a Region is named twice.";
        if (options.Database.Length > 0 && DatabaseProblem(options.Database) is { } problem)
            yield return $"--database: {problem}";
        if (options.RecompressLevel is < 0 or > 19)
            yield return "--recompress-level: 0 (none) to 19, zstd's highest.";
        if (options.RecompressIdleSeconds is < 0 or > 86_400)
            yield return "--recompress-idle-seconds: between 0 and 86400.";
        if (options.InFlightMiB is < 8 or > 65536)
            yield return "--in-flight-mib: between 8 and 65536.";
        if (options.InFlightWaitSeconds is < 0 or > 300)
            yield return "--in-flight-wait-seconds: between 0 and 300.";
        if (options.CacheMiB is < 8 or > 65536)
            yield return "--cache-mib: between 8 and 65536.";
    }

    private static IEnumerable<string> ValidateGuests(ServiceOptions options)
    {
        if (options.Guests is not ("auto" or "qemu" or "simulated"))
            yield return $"--guests: '{options.Guests}' is not auto, qemu or simulated.";
        else if (options.Guests == "qemu" && QemuHost.MissingFor(options) is { } missing)
            yield return $"--guests qemu: {missing} is missing on this host.";
        if (options.GuestNetwork is not ("isolated" or "nat" or "bridge"))
            yield return $"--guest-network: '{options.GuestNetwork}' is not isolated, nat or bridge.";
        if (options.GuestAccelerator is not ("auto" or "kvm" or "tcg"))
            yield return $"--guest-accelerator: '{options.GuestAccelerator}' is not auto, kvm or tcg.";
        if (options.GuestMemoryMiB is < 64 or > 1_048_576)
            yield return "--guest-memory-mib: between 64 and 1048576.";
        if (options.GuestProcessors is < 1 or > 255)
            yield return "--guest-processors: between 1 and 255.";
        if (options.GuestsMax < 0)
            yield return "--guests-max: at least 1, or 0 for as many as fit into memory.";
    }

    private static bool IsRegionName(string name) =>
        name.Length is >= 4 and <= 32 && name.All(c => c is >= 'a' and <= 'z' or >= '0' and <= '9' or '-');

    private static string? DatabaseProblem(string url)
    {
        try
        {
            PostgresDb.ConnectionString(url);
            return null;
        }
        catch (Exception failure) when (failure is FormatException or ArgumentException)
        {
            return failure.Message;
        }
    }
}
