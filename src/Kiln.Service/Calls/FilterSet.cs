using System.Globalization;
using System.Linq.Expressions;
using System.Reflection;
using System.Runtime.Serialization;
using Kiln.Protocol.Errors;
using Kiln.Service.Persistence;
using Microsoft.EntityFrameworkCore;

namespace Kiln.Service.Calls;

/// <summary>What a filter may look at besides the row.</summary>
public sealed record FilterContext(Db Db, Call Call);

/// <summary>The filters that a Describe operation knows, and how each is asked of the database.</summary>
/// <remarks>
/// Filters are joined by AND, the values of one by OR; names and values are case-sensitive. What the database can
/// decide it decides; the few that need a computed text (dates with wildcards, parts of a document) are decided on
/// the rows that remain. EC2 API Reference, DescribeImages, "Filter.N".
/// </remarks>
/// <typeparam name="T">The entity.</typeparam>
public sealed class FilterSet<T>
    where T : class
{
    /// <summary>Filters in one request: AWS documents none; 50 is more than there are names for any resource.</summary>
    public const int FiltersMax = 50;

    private readonly
        Dictionary<string, Func<FilterContext, IReadOnlyList<string>, Expression<Func<T, bool>>>> _queries = [];
    private readonly Dictionary<string, Func<T, IEnumerable<string?>>> _computed = [];
    private readonly Dictionary<string, LambdaExpression> _documents = [];
    private Expression<Func<T, string>>? _id;

    /// <summary>The names, for the documentation.</summary>
    public IEnumerable<string> Names =>
        _queries.Keys.Concat(_computed.Keys).Concat(_id is null ? [] : ["tag:<key>", "tag-key"]).Order();

    /// <summary>A text column.</summary>
    public FilterSet<T> Text(string name, Expression<Func<T, string?>> column) =>
        Query(name, (_, values) => AnyOf(column, values));

    /// <summary>A boolean column; values are <c>true</c> and <c>false</c>.</summary>
    public FilterSet<T> Bool(string name, Expression<Func<T, bool>> column) => Query(name, (_, values) =>
    {
        var wanted = values.Where(v => v is "true" or "false").Select(v => v == "true").Distinct().ToList();
        return In(column, wanted);
    });

    /// <summary>A whole-number column.</summary>
    public FilterSet<T> Number(string name, Expression<Func<T, long>> column) => Query(name, (_, values) =>
    {
        var wanted = new List<long>();
        foreach (var value in values)
        {
            if (long.TryParse(value, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out var number))
                wanted.Add(number);
        }
        return In(column, wanted);
    });

    /// <summary>An enum column, compared by the texts it has on the wire.</summary>
    public FilterSet<T> Enum<TEnum>(string name, Expression<Func<T, TEnum>> column)
        where TEnum : struct, Enum => Query(name, (_, values) =>
    {
        var wanted = WireTexts<TEnum>.All
            .Where(pair => values.Any(v => Wildcard.Matches(v, pair.Text))).Select(pair => pair.Value).ToList();
        return In(column, wanted);
    });

    /// <summary>A filter that the database decides in its own way.</summary>
    public FilterSet<T> Query(
        string name, Func<FilterContext, IReadOnlyList<string>, Expression<Func<T, bool>>> predicate)
    {
        _queries.Add(name, predicate);
        return this;
    }

    /// <summary>A filter on a text that only the loaded row can tell.</summary>
    public FilterSet<T> Computed(string name, Func<T, string?> text) => Computed(name, row => [text(row)]);

    /// <summary>A filter on several texts of the loaded row, of which one must match.</summary>
    public FilterSet<T> Computed(string name, Func<T, IEnumerable<string?>> texts)
    {
        _computed.Add(name, texts);
        return this;
    }

    /// <summary>A filter on a text that stands in a JSON column as it is: rows whose document does not hold it stay in
    /// the database, and of the others the loaded row decides.</summary>
    public FilterSet<T> Within<TDocument>(
        string name, Expression<Func<T, TDocument>> document, Func<TDocument, string?> text) =>
        Within(name, document, value => [text(value)]);

    /// <summary>As above on several texts, of which one must match.</summary>
    public FilterSet<T> Within<TDocument>(
        string name, Expression<Func<T, TDocument>> document, Func<TDocument, IEnumerable<string?>> texts)
    {
        _documents.Add(name, document);
        var column = document.Compile();
        return Computed(name, row => texts(column(row)));
    }

    /// <summary>Filters on what AWS has and nothing here: they are known, and no row passes them.</summary>
    public FilterSet<T> Never(params ReadOnlySpan<string> names)
    {
        foreach (var name in names)
            Query(name, (_, _) => _ => false);
        return this;
    }

    /// <summary>The filters <c>tag:KEY</c> and <c>tag-key</c>, on the caller's own tags of the resource.</summary>
    public FilterSet<T> Tags(Expression<Func<T, string>> id)
    {
        _id = id;
        return this;
    }

    /// <summary>Narrows a query by the filters of a request.</summary>
    /// <returns>The query, and what remains to be asked of each row, or null.</returns>
    /// <exception cref="AwsException">InvalidParameterValue: a filter that this resource does not have.</exception>
    public (IQueryable<T> Rows, Func<T, bool>? Remaining) Apply(
        IQueryable<T> rows, IReadOnlyList<Filter> filters, Db db, Call call)
    {
        ArgumentNullException.ThrowIfNull(filters);
        if (filters.Count > FiltersMax)
            throw new AwsException("FilterLimitExceeded", 400, $"A request may carry up to {FiltersMax} filters.");
        var context = new FilterContext(db, call);
        List<(Func<T, IEnumerable<string?>> Texts, IReadOnlyList<string> Values)> rest = [];
        foreach (var filter in filters)
        {
            var name = filter.Name ?? throw new AwsException(
                "MissingParameter", 400, "The request must contain the parameter Filter.Name");
            if (filter.Values.Count == 0)
                throw new AwsException(
                    "InvalidParameterValue", 400, $"The filter '{name}' has no value; give Filter.N.Value.1.");
            if (_queries.TryGetValue(name, out var predicate))
                rows = rows.Where(predicate(context, filter.Values));
            else if (_computed.TryGetValue(name, out var texts))
            {
                rest.Add((texts, filter.Values));
                if (_documents.TryGetValue(name, out var document) && filter.Values.All(IsPlain))
                    rows = rows.Where(Holds(document, filter.Values));
            }
            else if (_id is not null && name == "tag-key")
                rows = rows.Where(TagPredicate(context, null, filter.Values));
            else if (_id is not null && name.StartsWith("tag:", StringComparison.Ordinal))
                rows = rows.Where(TagPredicate(context, name[4..], filter.Values));
            else
                throw new AwsException("InvalidParameterValue", 400, $"The filter '{name}' is invalid");
        }
        if (rest.Count == 0)
            return (rows, null);
        return (rows, row => rest.All(r => r.Texts(row).Any(text =>
            text is not null && r.Values.Any(value => Wildcard.Matches(value, text)))));
    }

    /// <summary>column = v1 OR column LIKE v2 …, as an expression that both databases can index.</summary>
    public static Expression<Func<T, bool>> AnyOf(Expression<Func<T, string?>> column, IReadOnlyList<string> values)
    {
        var exact = values.Where(v => !Wildcard.IsPattern(v)).Distinct().ToList();
        Expression? body = exact.Count > 0 ? Contains(exact, typeof(string), column.Body) : null;
        foreach (var pattern in values.Where(Wildcard.IsPattern).Distinct())
        {
            var like = Expression.Call(LikeMethod, Expression.Constant(EF.Functions), column.Body,
                Captured(Wildcard.ToLike(pattern)), Expression.Constant("\\"));
            body = body is null ? like : Expression.OrElse(body, like);
        }
        return Expression.Lambda<Func<T, bool>>(body ?? Expression.Constant(false), column.Parameters);
    }

    /// <summary>Whether JSON writes a text as it is, stars and question marks aside.</summary>
    private static bool IsPlain(string value) =>
        value.All(c => char.IsAsciiLetterOrDigit(c) || c is '.' or '-' or '_' or '/' or ':' or '*' or '?');

    private static Expression<Func<T, bool>> Holds(LambdaExpression document, IReadOnlyList<string> values)
    {
        // The column's text, not the document that it is read as.
        var text = Expression.Convert(Expression.Convert(document.Body, typeof(object)), typeof(string));
        var body = values.Distinct().Select(value => (Expression)Expression.Call(LikeMethod,
            Expression.Constant(EF.Functions), text, Captured($"%{Wildcard.ToLike(value)}%"),
            Expression.Constant("\\"))).Aggregate(Expression.OrElse);
        return Expression.Lambda<Func<T, bool>>(body, document.Parameters);
    }

    private static Expression<Func<T, bool>> In<TValue>(Expression<Func<T, TValue>> column, List<TValue> wanted) =>
        Expression.Lambda<Func<T, bool>>(Contains(wanted, typeof(TValue), column.Body), column.Parameters);

    private Expression<Func<T, bool>> TagPredicate(FilterContext context, string? key, IReadOnlyList<string> values)
    {
        var account = context.Call.AccountId;
        var tags = context.Db.Tags.Where(t => t.AccountId == account);
        tags = key is null
            ? tags.Where(FilterSet<Ec2.Tags.ResourceTag>.AnyOf(t => t.Key, values))
            : tags.Where(t => t.Key == key).Where(FilterSet<Ec2.Tags.ResourceTag>.AnyOf(t => t.Value, values));
        // IN (SELECT …) and not EXISTS: the tag index finds a handful of ids, a correlated look would visit every row.
        var ids = tags.Select(t => t.ResourceId);
        var body =
            Expression.Call(typeof(Queryable), nameof(Queryable.Contains), [typeof(string)], ids.Expression, _id!.Body);
        return Expression.Lambda<Func<T, bool>>(body, _id.Parameters);
    }

    private static MethodCallExpression Contains<TValue>(List<TValue> values, Type type, Expression column) =>
        Expression.Call(typeof(Enumerable), nameof(Enumerable.Contains), [type], Captured(values), column);

    // A captured field becomes a query parameter, so that one query plan serves every value.
    private static MemberExpression Captured<TValue>(TValue value) =>
        Expression.Field(Expression.Constant(new Box<TValue>(value)), nameof(Box<>.Value));

    private static readonly MethodInfo LikeMethod = typeof(DbFunctionsExtensions).GetMethod(
        nameof(DbFunctionsExtensions.Like), [typeof(DbFunctions), typeof(string), typeof(string), typeof(string)])!;

    private sealed class Box<TValue>(TValue value)
    {
        public readonly TValue Value = value;
    }

    private static class WireTexts<TEnum>
        where TEnum : struct, Enum
    {
        public static readonly (string Text, TEnum Value)[] All = [.. System.Enum.GetValues<TEnum>().Select(value =>
            (typeof(TEnum).GetField(value.ToString())!.GetCustomAttribute<EnumMemberAttribute>()?.Value
                ?? char.ToLowerInvariant(value.ToString()[0]) + value.ToString()[1..], value))];
    }
}
