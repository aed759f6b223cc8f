import { API, graphqlOperation } from "aws-amplify";
import { gql, useQuery } from "@apollo/client";

const TODO = gql`
  fragment Todo on Todo {
    id
    name
    priority
  }
`;

const OF_LIST = gql`
  query OfList($listId: ID!) {
    todosByList(listId: $listId, sortDirection: DESC) {
      items {
        ...Todo
      }
    }
  }
  ${TODO}
`;

export async function remove(id: string) {
  // Don't ask: the list does
  return API.graphql(graphqlOperation("mutation Remove($id: ID) { deleteTodo(input: { id: $id }) { id } }", { id }));
}

export async function fetchFields(fields: string) {
  return API.graphql(graphqlOperation(`query Fields { listTodos { items { ${fields} } } }`));
}

export function Todos({ listId }: { listId: string }) {
  const { data } = useQuery(OF_LIST, { variables: { listId } });
  return <p title="a list">It's {data?.todosByList.items.length} to do</p>;
}
