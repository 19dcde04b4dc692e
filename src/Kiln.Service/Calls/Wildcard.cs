using System.Text;

namespace Kiln.Service.Calls;

/// <summary>AWS's filter patterns: <c>*</c> any run, <c>?</c> any one character, backslash before a literal
/// one.</summary>
public static class Wildcard
{
    /// <summary>Whether a pattern has to be matched rather than compared.</summary>
    public static bool IsPattern(string pattern) => pattern.AsSpan().ContainsAny('*', '?', '\\');

    /// <summary>The SQL LIKE pattern that means the same, with backslash as its escape.</summary>
    public static string ToLike(string pattern)
    {
        var like = new StringBuilder(pattern.Length + 8);
        for (var i = 0; i < pattern.Length; i++)
        {
            var c = pattern[i];
            if (c == '\\' && i + 1 < pattern.Length)
            {
                AppendLiteral(like, pattern[++i]);
                continue;
            }
            if (c == '*')
                like.Append('%');
            else if (c == '?')
                like.Append('_');
            else
                AppendLiteral(like, c);
        }
        return like.ToString();
    }

    /// <summary>Whether a text matches. Linear in the text for one star, never exponential.</summary>
    public static bool Matches(string pattern, string text)
    {
        int p = 0, t = 0, star = -1, mark = 0;
        while (t < text.Length)
        {
            if (p < pattern.Length && pattern[p] == '*')
            {
                star = p++;
                mark = t;
                continue;
            }
            var literal = p < pattern.Length && pattern[p] == '\\' && p + 1 < pattern.Length;
            var expected = p >= pattern.Length ? '\0' : literal ? pattern[p + 1] : pattern[p];
            if (p < pattern.Length && (expected == text[t] || (expected == '?' && !literal)))
            {
                p += literal ? 2 : 1;
                t++;
            }
            else if (star >= 0)
            {
                p = star + 1;
                t = ++mark;
            }
            else
            {
                return false;
            }
        }
        while (p < pattern.Length && pattern[p] == '*')
            p++;
        return p == pattern.Length;
    }

    private static void AppendLiteral(StringBuilder like, char c)
    {
        if (c is '%' or '_' or '\\')
            like.Append('\\');
        like.Append(c);
    }
}
