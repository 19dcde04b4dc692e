namespace Kiln.Service.Calls;

/// <summary>Reads the Prefer header: RFC 7240. What is not understood is passed over, as it says.</summary>
internal static class Preferences
{
    /// <summary>The value of a preference; empty where it is named without one, null where it is not named.</summary>
    /// <param name="prefer">The header: <c>name[=value][;parameters]</c>, separated by commas; several headers are
    /// joined so.</param>
    /// <param name="name">The preference, whatever its case.</param>
    public static string? Value(string? prefer, string name)
    {
        foreach (var element in prefer.AsSpan().Split(','))
        {
            var wish = prefer.AsSpan(element);
            if (wish.IndexOf(';') is var end and >= 0)
                wish = wish[..end];
            var equals = wish.IndexOf('=');
            if ((equals < 0 ? wish : wish[..equals]).Trim().Equals(name, StringComparison.OrdinalIgnoreCase))
                return equals < 0 ? "" : wish[(equals + 1)..].Trim().Trim('"').ToString();
        }
        return null;
    }
}
